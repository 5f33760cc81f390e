#include "core/broker/zk/zk_port.h"

namespace kz::broker {

std::string_view zk_code_name(ZkCode code) {
  switch (code) {
    case ZkCode::kOk:
      return "OK";
    case ZkCode::kRuntimeInconsistency:
      return "RUNTIMEINCONSISTENCY";
    case ZkCode::kConnectionLoss:
      return "CONNECTIONLOSS";
    case ZkCode::kMarshalling:
      return "MARSHALLINGERROR";
    case ZkCode::kNoNode:
      return "NONODE";
    case ZkCode::kNoAuth:
      return "NOAUTH";
    case ZkCode::kBadVersion:
      return "BADVERSION";
    case ZkCode::kNodeExists:
      return "NODEEXISTS";
    case ZkCode::kNotEmpty:
      return "NOTEMPTY";
    case ZkCode::kSessionExpired:
      return "SESSIONEXPIRED";
    case ZkCode::kInvalidAcl:
      return "INVALIDACL";
    case ZkCode::kAuthFailed:
      return "AUTHFAILED";
  }
  return "UNKNOWN";
}

}  // namespace kz::broker
