#include "net/quorum_handshake.h"

#include <utility>

namespace kz::net {

struct Handshakes::Handshake : std::enable_shared_from_this<Handshakes::Handshake> {
  Handshake(Reactor& r, std::shared_ptr<Stream> s, zab::QuorumAuth a)
      : reactor(r), stream(std::move(s)), auth(std::move(a)) {}
  ~Handshake() {
    reactor.cancel(timer);
    if (stream) stream->close();
  }

  void advance() {
    while (stream) {
      const size_t before = in.size();
      zab::QuorumAuth::Step step = auth.on_bytes(in);
      if (!step.out.empty()) stream->send(Chain(std::move(step.out)));
      if (step.state == zab::QuorumAuth::State::kDone) return end(std::move(in));
      if (step.state == zab::QuorumAuth::State::kFailed) return end(std::unexpected(std::move(step.why)));
      if (in.size() == before) return;
    }
  }

  void end(std::expected<std::string, std::string> result) {
    if (!stream) return;
    // The new owner sets callbacks of its own; until then (or for good) there are none.
    const auto held = std::exchange(stream, nullptr);
    held->start([](Bytes) {}, [](Error) {});
    if (!result) held->close_after_send();
    done(std::move(result));
  }

  Reactor& reactor;
  std::shared_ptr<Stream> stream;  // null: over
  zab::QuorumAuth auth;
  Done done;
  std::string in;
  TimerId timer = 0;
};

Handshakes::~Handshakes() = default;

void Handshakes::begin(std::shared_ptr<Stream> stream, zab::QuorumAuth auth, std::string rest, Duration limit,
                       Done done) {
  const uint64_t key = next_++;
  const auto handshake = std::make_shared<Handshake>(reactor_, std::move(stream), std::move(auth));
  running_[key] = handshake;
  handshake->in = std::move(rest);
  handshake->done = [this, key, done = std::move(done)](std::expected<std::string, std::string> result) {
    const auto last = running_.extract(key);  // until the return
    done(std::move(result));
  };
  const std::weak_ptr weak = handshake;
  handshake->timer = reactor_.after(limit, [weak] {
    if (const auto self = weak.lock()) self->end(std::unexpected("no answer within the time limit"));
  });
  handshake->stream->start(
      [weak](Bytes bytes) {
        const auto self = weak.lock();
        if (!self) return;
        self->in.append(as_text(bytes));
        self->advance();
      },
      [weak](Error) {
        if (const auto self = weak.lock()) self->end(std::unexpected("it closed the connection"));
      });
  if (Slice first = handshake->auth.begin(); !first.empty()) handshake->stream->send(Chain(std::move(first)));
  // Not from inside the call.
  if (!handshake->in.empty()) {
    reactor_.post([weak] {
      if (const auto self = weak.lock()) self->advance();
    });
  }
}

}  // namespace kz::net
