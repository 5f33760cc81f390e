// SendQueue: what a connection has yet to send. Memory pieces are merged into one sendmsg; file pieces go by sendfile,
// or by pread and send into the same sendmsg as their neighbours. Partial writes resume where they stopped.
// Not thread-safe; belongs to its connection. Holds no memory while empty.
#pragma once
#include <array>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "net/transport.h"

namespace kz::net {

class SendQueue {
 public:
  // With an int32 length prefix, as both protocols frame their messages.
  void push_frame(Chain body);
  void push_raw(Chain bytes);
  // Sends until nothing is left or the socket is full. scratch: for file pieces read into memory; its use ends with
  // the call. kIo when a file piece cannot be read: the stream is then broken and the connection must be closed.
  Status flush(Transport& transport, MutableBytes scratch);
  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }  // file pieces included
  void clear();

 private:
  struct Prefix {
    std::array<std::byte, 4> bytes;
    uint8_t sent = 0;
  };
  using Item = std::variant<Slice, FileSlice, Prefix>;
  void push(Chain& chain);
  void consume(size_t n);

  // The pieces of one sendmsg.
  struct Batch {
    std::array<iovec, 128> pieces;
    size_t count = 0, bytes = 0;
    bool more = false;
  };
  Status gather(const Transport& transport, MutableBytes scratch, Batch& batch) const;

  std::vector<Item> items_;  // sent up to head_
  size_t head_ = 0;
  size_t bytes_ = 0;
};

}  // namespace kz::net
