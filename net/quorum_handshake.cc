#include "net/quorum_handshake.h"

#include <utility>

namespace kz::net {
namespace {

// Owned by the stream's callbacks until it ends.
struct Handshake : std::enable_shared_from_this<Handshake> {
  Handshake(Reactor& r, std::shared_ptr<Stream> s, zab::QuorumAuth a, HandshakeDone d)
      : reactor(r), stream(std::move(s)), auth(std::move(a)), done(std::move(d)) {}

  void advance() {
    while (done) {
      const size_t before = in.size();
      zab::QuorumAuth::Step step = auth.on_bytes(in);
      if (!step.out.empty()) stream->send(Chain(std::move(step.out)));
      if (step.state == zab::QuorumAuth::State::kDone) return end(std::move(in));
      if (step.state == zab::QuorumAuth::State::kFailed) return end(std::unexpected(std::move(step.why)));
      if (in.size() == before) return;
    }
  }

  void end(std::expected<std::string, std::string> result) {
    const auto self = shared_from_this();
    const auto finish = std::exchange(done, nullptr);
    if (!finish) return;
    reactor.cancel(timer);
    // The new owner sets callbacks of its own; until then (or for good) there are none.
    const auto held = std::exchange(stream, nullptr);
    held->start([](Bytes) {}, [](Error) {});
    if (!result) held->close_after_send();
    finish(std::move(result));
  }

  Reactor& reactor;
  std::shared_ptr<Stream> stream;
  zab::QuorumAuth auth;
  HandshakeDone done;
  std::string in;
  TimerId timer = 0;
};

}  // namespace

void quorum_handshake(Reactor& reactor, std::shared_ptr<Stream> stream, zab::QuorumAuth auth, std::string rest,
                      Duration limit, HandshakeDone done) {
  const auto handshake = std::make_shared<Handshake>(reactor, std::move(stream), std::move(auth), std::move(done));
  handshake->in = std::move(rest);
  handshake->timer = reactor.after(limit, [weak = std::weak_ptr(handshake)] {
    if (const auto self = weak.lock()) self->end(std::unexpected("no answer within the time limit"));
  });
  handshake->stream->start(
      [handshake](Bytes bytes) {
        handshake->in.append(as_text(bytes));
        handshake->advance();
      },
      [handshake](Error) { handshake->end(std::unexpected("it closed the connection")); });
  if (Slice first = handshake->auth.begin(); !first.empty()) handshake->stream->send(Chain(std::move(first)));
  if (!handshake->in.empty()) handshake->advance();
}

}  // namespace kz::net
