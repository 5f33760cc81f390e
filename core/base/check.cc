#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kz {

void assertion_failed(const char* expression, const char* file, int line, const char* message) {
  std::fprintf(stderr, "FATAL %s:%d: invariant broken: %s %s\n", file, line, expression, message);
  std::abort();
}

}  // namespace kz
