// Connection: one framed TCP stream on its reactor, the part that both protocols and both directions share. Frames in
// (int32 length, then bytes), chains out. An idle connection holds no buffer: reads go to the reactor's scratch, a
// frame that is not whole moves to a slab of its own and the rest of it is read straight into that.
// Owner: the reactor's thread. Kept alive by its link; a closed one stays harmless until the last reference goes.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"
#include "net/memory_gate.h"
#include "net/reactor.h"
#include "net/send_queue.h"
#include "net/transport.h"
#include "net/watch.h"

namespace kz::net {

struct ConnectionOptions {
  size_t frame_max = 0;
  bool loopback_peer = true;
  bool detect_words = false;   // ZooKeeper's four-letter words
  MemoryGate* gate = nullptr;  // outlives the connection
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Why reading stands still; several reasons may hold at once.
  enum Pause : uint8_t { kExecuting = 1, kSendQueue = 2, kMemory = 4, kOwner = 8 };

  // fd: connected, non-blocking; taken over.
  Connection(Reactor& reactor, int fd, ConnId id, ConnectionOptions options);
  virtual ~Connection();
  void start();

  ConnId id() const { return id_; }
  Reactor& reactor() const { return reactor_; }
  bool closed() const { return !watch_; }
  TimePoint last_activity() const { return last_activity_; }
  size_t bytes_to_send() const { return out_.bytes(); }

  // Sends at once as far as the socket takes it; inside on_frame only after the frames at hand are done, so that
  // answers to pipelined requests share a packet. Ignored when closed.
  void send_frame(Chain body);
  void send_raw(Chain bytes);
  void pause(Pause reason) { paused_ |= reason; }
  void resume(Pause reason);
  // Closes without on_closed, now or once everything is sent.
  void close();
  void close_after_send();
  // Closes and calls on_closed(why) in a later event.
  void fail_with(Error why);

 protected:
  virtual void on_frame(Slice frame) = 0;
  // The first bytes were a word of four lower-case letters (detect_words); nothing more is read.
  virtual void on_word(std::string word, std::string args);
  // first_bytes: with kTooLarge, what came first on the stream or in place of the length.
  virtual void on_closed(Error why, std::string first_bytes) = 0;
  // Bytes of frames not yet given back to the gate; the owner calls release_frames() when a request is done.
  void release_frames();

 private:
  void readable();
  void writable();
  void read_some();
  void parse(Bytes data, const Slice* owner);
  bool begin_frame(Bytes rest);
  void deliver(Slice frame);
  void finish_events();
  void flush();
  void charge(size_t bytes);
  void wait_for_memory();
  MutableBytes partial_space();

  Reactor& reactor_;
  const ConnId id_;
  const ConnectionOptions options_;
  PlainTransport transport_;
  std::optional<Watch> watch_;  // empty when closed
  SendQueue out_;

  std::array<std::byte, 4> header_{};
  uint8_t header_have_ = 0;
  uint8_t paused_ = 0;
  bool busy_ = false;  // in read_some() or parse(): sends wait for its end
  bool first_frame_ = true;
  bool word_seen_ = false;
  bool closing_ = false;
  bool large_frames_ = false;  // the last frame did not fit the scratch: read less ahead, copy less
  bool memory_wait_ = false;
  size_t frame_size_ = 0;  // of the partial frame
  size_t partial_have_ = 0;
  size_t charged_ = 0;
  Slice partial_;  // capacity for at least what has arrived
  bool in_frame_ = false;
  Slice backlog_;  // received behind a frame that is still executing
  TimePoint last_activity_;
  std::string first_bytes_;
  std::shared_ptr<Connection> keep_;  // while closing_: its link has let go already
};

}  // namespace kz::net
