#include "net/connection.h"

#include <algorithm>
#include <cstring>

namespace kz::net {
namespace {

constexpr size_t kFirstSlab = 2 << 20;        // a larger frame gets its memory as its bytes arrive
constexpr size_t kReadAheadLarge = 16 << 10;  // scratch used when frames are large
constexpr size_t kFlushAt = 256 << 10;        // answers to pipelined requests are sent at this size at the latest
constexpr size_t kSendQueueMax = 1 << 20;     // a slow reader's next request waits
constexpr int kReadsPerEvent = 4;             // then other connections have their turn
constexpr Duration kMemoryRetry = ms(5);
constexpr Duration kLinger = ms(5000);  // for a peer that does not read its last answer

bool lower_case(Bytes b) {
  return std::all_of(b.begin(), b.end(), [](std::byte c) { return c >= std::byte{'a'} && c <= std::byte{'z'}; });
}

}  // namespace

Connection::Connection(Reactor& reactor, int fd, ConnId id, ConnectionOptions options)
    : reactor_(reactor),
      id_(id),
      options_(options),
      transport_(fd, options.loopback_peer),
      last_activity_(reactor.now().mono) {
  watch_.emplace(reactor, fd, [this] { readable(); }, [this] { writable(); });
}

Connection::~Connection() { release_frames(); }

void Connection::start() {
  if (watch_) watch_->arm_read();
}

void Connection::readable() {
  const auto self = shared_from_this();
  if (paused_ == 0) read_some();
}

void Connection::writable() {
  const auto self = shared_from_this();
  last_activity_ = reactor_.now().mono;
  flush();
}

void Connection::charge(size_t bytes) {
  charged_ += bytes;
  if (options_.gate) options_.gate->charge(bytes);
}

void Connection::release_frames() {
  if (options_.gate && charged_ > 0) options_.gate->release(charged_);
  charged_ = 0;
}

// Where the rest of the partial frame goes. A slab grows fourfold, so that a length alone claims no memory.
MutableBytes Connection::partial_space() {
  if (partial_have_ == partial_.size()) {
    Slice grown = Slice::allocate(std::min(frame_size_, partial_.size() * 4));
    std::memcpy(grown.mutable_bytes().data(), partial_.data(), partial_have_);
    partial_ = std::move(grown);
  }
  return partial_.mutable_bytes().subspan(partial_have_);
}

void Connection::read_some() {
  busy_ = true;
  for (int i = 0; i < kReadsPerEvent && watch_ && paused_ == 0; ++i) {
    size_t asked;
    size_t got;
    if (in_frame_) {
      const MutableBytes space = partial_space();
      asked = space.size();
      auto n = transport_.receive(space);
      if (!n) {
        fail_with(n.error());
        break;
      }
      got = *n;
      partial_have_ += got;
      charge(got);
      if (got > 0) last_activity_ = reactor_.now().mono;
      if (partial_have_ == frame_size_) {
        in_frame_ = false;
        header_have_ = 0;
        deliver(std::exchange(partial_, {}));
      }
    } else {
      if (options_.gate && options_.gate->full()) {
        wait_for_memory();
        break;
      }
      MutableBytes space = reactor_.receive_scratch();
      if (large_frames_) space = space.first(kReadAheadLarge);
      asked = space.size();
      auto n = transport_.receive(space);
      if (!n) {
        fail_with(n.error());
        break;
      }
      got = *n;
      if (got > 0) last_activity_ = reactor_.now().mono;
      parse(space.first(got), nullptr);
    }
    if (got < asked) break;  // a short read has emptied the socket
  }
  busy_ = false;
  finish_events();
}

// Cuts frames from data; with `owner` they share its slab, else they are copied.
void Connection::parse(Bytes data, const Slice* owner) {
  size_t at = 0;
  while (at < data.size() && watch_ && !word_seen_) {
    if (paused_ != 0) {
      backlog_ = owner ? owner->sub(at) : Slice::copy_of(data.subspan(at));
      return;
    }
    if (header_have_ < 4) {
      const size_t n = std::min(size_t{4} - header_have_, data.size() - at);
      std::memcpy(header_.data() + header_have_, data.data() + at, n);
      header_have_ = static_cast<uint8_t>(header_have_ + n);
      at += n;
      if (header_have_ < 4) return;
      if (!begin_frame(data.subspan(at))) return;
    }
    const size_t rest = data.size() - at;
    if (rest >= frame_size_) {
      const size_t size = frame_size_;
      header_have_ = 0;
      large_frames_ = false;
      charge(size);
      Slice frame = owner ? owner->sub(at, size) : Slice::copy_of(data.subspan(at, size));
      at += size;
      deliver(std::move(frame));
    } else {
      in_frame_ = true;
      large_frames_ = frame_size_ > 4 * kReadAheadLarge;
      partial_ = Slice::allocate(std::max(rest, std::min(frame_size_, kFirstSlab)));
      std::memcpy(partial_.mutable_bytes().data(), data.data() + at, rest);
      partial_have_ = rest;
      charge(rest);
      return;
    }
  }
}

// The length is known: checks it. False: no frame follows.
bool Connection::begin_frame(Bytes rest) {
  uint32_t be;
  std::memcpy(&be, header_.data(), 4);
  const int32_t size = static_cast<int32_t>(__builtin_bswap32(be));
  if (first_frame_ && options_.detect_words && lower_case(header_)) {
    word_seen_ = true;
    pause(kOwner);
    on_word(std::string(as_text(header_)), std::string(as_text(rest)));
    return false;
  }
  first_frame_ = false;
  if (size < 0 || static_cast<size_t>(size) > options_.frame_max) {
    first_bytes_ = std::string(as_text(header_)) + std::string(as_text(rest.first(std::min<size_t>(rest.size(), 60))));
    flush();  // the frames before it have their answers
    fail_with({Errc::kTooLarge, "frame length", size});
    return false;
  }
  frame_size_ = static_cast<size_t>(size);
  return true;
}

void Connection::deliver(Slice frame) {
  if (!options_.gate) charged_ = 0;
  on_frame(std::move(frame));
}

// After the frames at hand: what they answered is sent, and reading goes on if it may.
void Connection::finish_events() {
  if (!watch_) return;
  if (!out_.empty() || closing_) flush();
  if (watch_ && paused_ == 0) watch_->arm_read();
}

void Connection::resume(Pause reason) {
  if ((paused_ & reason) == 0) return;
  paused_ = static_cast<uint8_t>(paused_ & ~reason);
  if (paused_ != 0 || busy_ || !watch_) return;
  if (backlog_.empty()) {
    watch_->arm_read();
    return;
  }
  // Not from here: the caller may be in the middle of another connection's frames.
  reactor_.post([self = shared_from_this()] {
    if (self->paused_ != 0 || self->busy_ || !self->watch_) return;
    const Slice data = std::exchange(self->backlog_, {});
    self->busy_ = true;
    self->parse(data, &data);
    self->busy_ = false;
    self->finish_events();
  });
}

void Connection::wait_for_memory() {
  pause(kMemory);
  if (std::exchange(memory_wait_, true)) return;
  reactor_.after(kMemoryRetry, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->watch_) return;
    self->memory_wait_ = false;
    if (self->options_.gate->full()) {
      self->wait_for_memory();
    } else {
      self->resume(kMemory);
    }
  });
}

void Connection::send_frame(Chain body) {
  if (!watch_) return;
  out_.push_frame(std::move(body));
  if (!busy_ || out_.bytes() > kFlushAt) flush();
}

void Connection::send_raw(Chain bytes) {
  if (!watch_) return;
  out_.push_raw(std::move(bytes));
  if (!busy_ || out_.bytes() > kFlushAt) flush();
}

void Connection::flush() {
  if (!watch_) return;
  if (auto status = out_.flush(transport_, reactor_.send_scratch()); !status) {
    fail_with(status.error());
    return;
  }
  if (out_.empty() && closing_) {
    close();
    return;
  }
  if (!out_.empty()) watch_->arm_write();
  if (out_.bytes() > kSendQueueMax) {
    pause(kSendQueue);
  } else {
    resume(kSendQueue);
  }
}

void Connection::close() {
  const auto last = std::move(keep_);
  watch_.reset();
  out_.clear();
  backlog_ = {};
  partial_ = {};
  release_frames();
}

void Connection::close_after_send() {
  if (!watch_) return;
  closing_ = true;
  pause(kOwner);
  keep_ = shared_from_this();
  reactor_.after(kLinger, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->close();
  });
  if (!busy_) flush();
}

void Connection::fail_with(Error why) {
  if (!watch_) return;
  close();
  reactor_.post([self = shared_from_this(), why] { self->on_closed(why, std::move(self->first_bytes_)); });
}

void Connection::on_word(std::string, std::string) { fail_with({Errc::kMalformed, "word", 0}); }

}  // namespace kz::net
