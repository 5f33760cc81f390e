// Transport: how bytes cross one socket. PlainTransport is TCP as it is; TLS will be the other implementation, which
// is why nothing else here calls recv or send.
#pragma once
#include <sys/uio.h>

#include <span>

#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz::net {

class Transport {
 public:
  virtual ~Transport() = default;
  // Bytes moved; 0 = would block. kDisconnected at the end of the stream or on a reset.
  virtual Result<size_t> receive(MutableBytes into) = 0;
  // more: further bytes follow at once, so that a small packet may wait for them.
  virtual Result<size_t> send(std::span<const iovec> pieces, bool more) = 0;
  // Sends from a file without copying it here. Only if sends_files().
  virtual Result<size_t> send_file(int fd, int64_t position, size_t size) = 0;
  // False: file bytes are read into memory and sent as such. On loopback that is faster (docs/design.md), and TLS has
  // no choice.
  virtual bool sends_files() const = 0;
};

class PlainTransport final : public Transport {
 public:
  // The descriptor is a non-blocking stream socket owned by the caller.
  PlainTransport(int fd, bool loopback_peer) : fd_(fd), sends_files_(!loopback_peer) {}
  Result<size_t> receive(MutableBytes into) override;
  Result<size_t> send(std::span<const iovec> pieces, bool more) override;
  Result<size_t> send_file(int fd, int64_t position, size_t size) override;
  bool sends_files() const override { return sends_files_; }

 private:
  int fd_;
  bool sends_files_;
};

}  // namespace kz::net
