#include "core/base/errc.h"

namespace kz {

const char* errc_text(Errc code) {
  switch (code) {
#define X(name, text) \
  case Errc::name:    \
    return text;
    KZ_ERRC_TABLE(X)
#undef X
  }
  return "unknown error";
}

}  // namespace kz
