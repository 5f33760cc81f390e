#include "net/stream.h"

#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "net/lookup.h"

namespace kz::net {
namespace {

constexpr int kReadsPerEvent = 4;
constexpr Duration kLinger = ms(2000);

}  // namespace

Stream::Stream(Reactor& reactor, int fd, bool loopback_peer) : reactor_(reactor), transport_(fd, loopback_peer) {
  watch_.emplace(
      reactor, fd, [this] { readable(); },
      [this] {
        const auto self = shared_from_this();
        flush();
      });
}

Stream::~Stream() = default;

void Stream::start(OnBytes on_bytes, OnClosed on_closed) {
  on_bytes_ = std::move(on_bytes);
  on_closed_ = std::move(on_closed);
  if (watch_) watch_->arm_read();
}

void Stream::readable() {
  const auto self = shared_from_this();
  for (int i = 0; i < kReadsPerEvent && watch_; ++i) {
    const MutableBytes space = reactor_.receive_scratch();
    const auto n = transport_.receive(space);
    if (!n) return fail_with(n.error());
    // A copy: the callee may hand the stream to another owner.
    if (const OnBytes callback = on_bytes_; *n > 0 && !closing_) callback(space.first(*n));
    if (*n < space.size()) break;
  }
  if (watch_) watch_->arm_read();
}

void Stream::send(Chain bytes) {
  if (!watch_ || closing_) return;
  out_.push_raw(std::move(bytes));
  flush();
}

void Stream::flush() {
  if (!watch_) return;
  if (const auto status = out_.flush(transport_, reactor_.send_scratch()); !status) return fail_with(status.error());
  if (!out_.empty()) {
    watch_->arm_write();
  } else if (closing_) {
    close();
  } else if (drained_) {
    drained_();
  }
}

void Stream::limit_silence(Duration limit) {
  if (watch_) set_user_timeout(watch_->fd(), limit);
}

void Stream::close() {
  const auto last = std::move(keep_);
  watch_.reset();
  out_.clear();
}

void Stream::close_after_send() {
  if (!watch_) return;
  closing_ = true;
  keep_ = shared_from_this();
  reactor_.after(kLinger, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->close();
  });
  flush();
}

void Stream::fail_with(Error why) {
  if (!watch_) return;
  const bool quiet = closing_;
  close();
  if (quiet) return;
  reactor_.post([weak = weak_from_this(), why] {
    if (const auto self = weak.lock(); self && self->on_closed_) self->on_closed_(why);
  });
}

// One target: its addresses in order.
struct Dial::Attempt : std::enable_shared_from_this<Dial::Attempt> {
  Attempt(Reactor& r, Target t, Duration limit, Done d)
      : reactor(r), target(std::move(t)), timeout(limit), done(std::move(d)) {}

  void start();
  void stop();
  void resolved(Result<std::vector<Address>> found);
  void next_address();
  void finished();
  void give(Result<std::shared_ptr<Stream>> result);

  Reactor& reactor;
  Target target;
  Duration timeout;
  Done done;
  std::vector<Address> addresses;
  size_t address = 0;
  std::optional<Watch> watch;
  TimerId timer = 0;
  Error last{Errc::kUnreachable, "no address"};
  std::mutex mutex;
  bool gone = false;  // guarded by mutex: lookups outlive the dial, and must not post to a reactor that is gone
};

void Dial::Attempt::start() {
  const Target& t = target;
  if (auto numeric = parse_numeric(t.host, t.port); !numeric.empty()) return resolved(std::move(numeric));
  look_up(t.host, t.port, [weak = weak_from_this()](const Result<std::vector<Address>>& found) {
    const auto self = weak.lock();
    if (!self) return;
    std::lock_guard lock(self->mutex);
    if (self->gone) return;
    self->reactor.post([weak, found] {
      if (const auto impl = weak.lock(); impl && !impl->gone) impl->resolved(found);
    });
  });
}

void Dial::Attempt::resolved(Result<std::vector<Address>> found) {
  addresses.clear();
  address = 0;
  if (found) {
    addresses = std::move(*found);
  } else {
    last = found.error();
  }
  next_address();
}

void Dial::Attempt::next_address() {
  while (address < addresses.size()) {
    const Address& a = addresses[address++];
    const int fd = ::socket(a.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      last = {Errc::kIo, "socket", errno};
      continue;
    }
    configure_stream(fd, -1, -1);
    if (::connect(fd, a.get(), a.size) != 0 && errno != EINPROGRESS) {
      last = error_of_connect(errno);
      ::close(fd);
      continue;
    }
    watch.emplace(reactor, fd, [] {}, [this] { finished(); });
    watch->arm_write();
    timer = reactor.after(timeout, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->gone) return;
      self->timer = 0;
      self->watch.reset();
      self->last = {Errc::kTimeout, "connect"};
      self->next_address();
    });
    return;
  }
  give(std::unexpected(last));
}

void Dial::Attempt::finished() {
  const auto self = shared_from_this();
  reactor.cancel(std::exchange(timer, 0));
  int e = 0;
  socklen_t size = sizeof e;
  ::getsockopt(watch->fd(), SOL_SOCKET, SO_ERROR, &e, &size);
  if (e != 0) {
    last = error_of_connect(e);
    watch.reset();
    return next_address();
  }
  const bool loopback = addresses[address - 1].loopback();
  const int fd = watch->release();
  watch.reset();
  give(std::make_shared<Stream>(reactor, fd, loopback));
}

void Dial::Attempt::give(Result<std::shared_ptr<Stream>> result) {
  if (!done) return;
  auto callback = std::move(done);
  done = nullptr;
  callback(std::move(result));
}

void Dial::Attempt::stop() {
  std::lock_guard lock(mutex);
  gone = true;
  done = nullptr;
  reactor.cancel(std::exchange(timer, 0));
  watch.reset();
}

// The race of the targets.
struct Dial::Impl : std::enable_shared_from_this<Dial::Impl> {
  Impl(Reactor& r, std::vector<Target> t, Duration limit, Done d, Duration s)
      : reactor(r), targets(std::move(t)), timeout(limit), stagger(s), done(std::move(d)) {}
  void start_next();
  void ended(Result<std::shared_ptr<Stream>> result);
  void stop();

  Reactor& reactor;
  std::vector<Target> targets;
  Duration timeout;
  Duration stagger;
  Done done;
  std::vector<std::shared_ptr<Attempt>> attempts;
  size_t failed = 0;
  TimerId timer = 0;
  Error last{Errc::kUnreachable, "no address"};
};

void Dial::Impl::start_next() {
  reactor.cancel(std::exchange(timer, 0));
  if (attempts.size() == targets.size()) {
    if (failed < attempts.size() || !done) return;
    auto tell = std::exchange(done, nullptr);
    return tell(std::unexpected(last));
  }
  attempts.push_back(std::make_shared<Attempt>(reactor, targets[attempts.size()], timeout,
                                               [weak = weak_from_this()](Result<std::shared_ptr<Stream>> result) {
                                                 if (const auto self = weak.lock()) self->ended(std::move(result));
                                               }));
  if (stagger > Duration{} && attempts.size() < targets.size()) {
    timer = reactor.after(stagger, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->timer = 0;
        self->start_next();
      }
    });
  }
  attempts.back()->start();
}

void Dial::Impl::ended(Result<std::shared_ptr<Stream>> result) {
  if (!done) return;
  if (result) {
    auto tell = std::exchange(done, nullptr);
    reactor.cancel(std::exchange(timer, 0));
    return tell(std::move(result));
  }
  ++failed;
  last = result.error();
  start_next();
}

void Dial::Impl::stop() {
  done = nullptr;
  reactor.cancel(std::exchange(timer, 0));
  for (const auto& attempt : attempts) attempt->stop();
}

Dial::Dial(Reactor& reactor, std::vector<Target> targets, Duration timeout, Done done, Duration stagger)
    : impl_(std::make_shared<Impl>(reactor, std::move(targets), timeout, std::move(done), stagger)) {
  reactor.post([weak = std::weak_ptr(impl_)] {
    if (const auto self = weak.lock()) self->start_next();
  });
}

Dial::~Dial() { impl_->stop(); }

}  // namespace kz::net
