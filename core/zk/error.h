// KeeperCode: ZooKeeper's error codes on the wire. Source: KeeperException.Code @ 3.8.0.
#pragma once
#include <cstdint>

namespace kz::zk {

#define KZ_KEEPER_CODES(X)                                               \
  X(kOk, 0, "Ok")                                                        \
  X(kSystemError, -1, "SystemError")                                     \
  X(kRuntimeInconsistency, -2, "RuntimeInconsistency")                   \
  X(kDataInconsistency, -3, "DataInconsistency")                         \
  X(kConnectionLoss, -4, "ConnectionLoss")                               \
  X(kMarshallingError, -5, "MarshallingError")                           \
  X(kUnimplemented, -6, "Unimplemented")                                 \
  X(kOperationTimeout, -7, "OperationTimeout")                           \
  X(kBadArguments, -8, "BadArguments")                                   \
  X(kUnknownSession, -12, "UnknownSession")                              \
  X(kNewConfigNoQuorum, -13, "NewConfigNoQuorum")                        \
  X(kReconfigInProgress, -14, "ReconfigInProgress")                      \
  X(kApiError, -100, "APIError")                                         \
  X(kNoNode, -101, "NoNode")                                             \
  X(kNoAuth, -102, "NoAuth")                                             \
  X(kBadVersion, -103, "BadVersion")                                     \
  X(kNoChildrenForEphemerals, -108, "NoChildrenForEphemerals")           \
  X(kNodeExists, -110, "NodeExists")                                     \
  X(kNotEmpty, -111, "NotEmpty")                                         \
  X(kSessionExpired, -112, "SessionExpired")                             \
  X(kInvalidCallback, -113, "InvalidCallback")                           \
  X(kInvalidAcl, -114, "InvalidACL")                                     \
  X(kAuthFailed, -115, "AuthFailed")                                     \
  X(kSessionMoved, -118, "SessionMoved")                                 \
  X(kNotReadOnly, -119, "NotReadOnly")                                   \
  X(kEphemeralOnLocalSession, -120, "EphemeralOnLocalSession")           \
  X(kNoWatcher, -121, "NoWatcher")                                       \
  X(kRequestTimeout, -122, "RequestTimeout")                             \
  X(kReconfigDisabled, -123, "ReconfigDisabled")                         \
  X(kSessionClosedRequireSaslAuth, -124, "SessionClosedRequireSaslAuth") \
  X(kQuotaExceeded, -125, "QuotaExceeded")                               \
  X(kThrottledOp, -127, "ThrottledOp")

enum class KeeperCode : int32_t {
#define X(name, number, text) name = number,
  KZ_KEEPER_CODES(X)
#undef X
};

// "NoNode", as in KeeperErrorCode = NoNode for /path; "Unknown" for numbers that are not in the table.
const char* keeper_code_name(KeeperCode code);

}  // namespace kz::zk
