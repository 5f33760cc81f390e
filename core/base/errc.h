// The one table of our own error codes. A code exists only if someone reacts to it differently.
#pragma once
#include <cstdint>

namespace kz {

#define KZ_ERRC_TABLE(X)                          \
  X(kInternal, "internal error")                  \
  X(kTruncated, "input ends too early")           \
  X(kMalformed, "malformed input")                \
  X(kTooLarge, "larger than the limit")           \
  X(kUnsupportedVersion, "version not supported") \
  X(kCorrupt, "corrupt data on disk")             \
  X(kChecksum, "checksum does not match")         \
  X(kIo, "input/output error")                    \
  X(kDiskFull, "no space left on device")         \
  X(kNotFound, "not found")                       \
  X(kExists, "already exists")                    \
  X(kPermission, "permission denied")             \
  X(kLocked, "in use by another process")         \
  X(kInvalidArgument, "invalid argument")         \
  X(kTimeout, "timed out")                        \
  X(kDisconnected, "disconnected")                \
  X(kRefused, "connection refused")               \
  X(kUnreachable, "host unreachable")             \
  X(kResolve, "name does not resolve")            \
  X(kAddressInUse, "address already in use")      \
  X(kCancelled, "cancelled")                      \
  X(kOutOfRange, "out of range")

enum class Errc : uint16_t {
#define X(name, text) name,
  KZ_ERRC_TABLE(X)
#undef X
};

// The text of a code, for messages to people.
const char* errc_text(Errc code);

}  // namespace kz
