#include "core/zk/error.h"

namespace kz::zk {

const char* keeper_code_name(KeeperCode code) {
  switch (code) {
#define X(name, number, text) \
  case KeeperCode::name:      \
    return text;
    KZ_KEEPER_CODES(X)
#undef X
  }
  return "Unknown";
}

}  // namespace kz::zk
