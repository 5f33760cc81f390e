// The election port: greetings and notifications of every generation as bytes, and notifications as inputs of an
// election. An input is a greeting, then frames (int length, bytes), as on the wire.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/base/check.h"
#include "core/bytes/reader.h"
#include "core/election/fle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace kz;
using namespace kz::election;

// A whole greeting is not whole when cut, and comes back as it was. Returns what is behind it.
Bytes after_greeting(Bytes input) {
  const auto parsed = parse_greeting(input);
  if (!parsed || parsed->consumed == 0) return input;
  KZ_ASSERT(parsed->consumed <= input.size());
  const auto cut = parse_greeting(input.first(parsed->consumed - 1));
  KZ_ASSERT(cut && cut->consumed == 0);
  // Empty addresses between the bars are read, and not written again.
  if (!parsed->greeting.addresses.empty() && std::ranges::none_of(parsed->greeting.addresses, &std::string::empty)) {
    const auto again = parse_greeting(encode(parsed->greeting, true).bytes());
    KZ_ASSERT(again && again->greeting.addresses == parsed->greeting.addresses &&
              again->greeting.sid == parsed->greeting.sid);
  }
  return input.subspan(parsed->consumed);
}

std::optional<Notification> notification_of(Bytes frame) {
  const auto decoded = decode_notification(frame);
  if (!decoded) return std::nullopt;
  Notification full = *decoded;
  full.format_version = 2;
  const Slice bytes = encode(full);
  const auto again = decode_notification(bytes.bytes());
  KZ_ASSERT(again && again->state == full.state && again->config == full.config &&
            again->vote.leader == full.vote.leader && again->vote.zxid == full.vote.zxid &&
            again->vote.election_epoch == full.vote.election_epoch && again->vote.peer_epoch == full.vote.peer_epoch);
  return *decoded;
}

FastLeaderElection make_election(bool observer, bool reconfig) {
  auto config = zk::parse_quorum_config(
      "server.1=127.0.0.1:2888:3888:participant\nserver.2=127.0.0.1:2889:3889:participant\n"
      "server.3=127.0.0.1:2890:3890:participant\nserver.4=127.0.0.1:2891:3891:observer\nversion=100000000");
  KZ_ASSERT(config.has_value());
  ElectionOptions options;
  options.self = observer ? 4 : 1;
  options.observer = observer;
  options.reconfig_enabled = reconfig;
  return FastLeaderElection(options, *config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes rest = after_greeting(Bytes(reinterpret_cast<const std::byte*>(data), size));
  FastLeaderElection voter = make_election(false, false);
  FastLeaderElection watcher = make_election(true, true);
  TimePoint now{1'000'000'000};
  for (FastLeaderElection* one : {&voter, &watcher}) {
    ElectionEffects out;
    one->look(0x100000005, 1, now, out);
  }
  Reader r(rest);
  for (ServerId from = 2; r.remaining() >= 4; from = from == 4 ? 1 : from + 1) {
    const int32_t length = r.i32();
    if (length <= 0 || static_cast<size_t>(length) > std::min(kNotificationBytesMax, r.remaining())) break;
    const Bytes frame = rest.subspan(r.position(), static_cast<size_t>(length));
    r.skip(static_cast<size_t>(length));
    const auto notification = notification_of(frame);
    if (!notification) continue;
    now = now + ms(50);
    for (FastLeaderElection* one : {&voter, &watcher}) {
      ElectionEffects out;
      if (from != (one == &voter ? 1 : 4)) one->on_notification(from, *notification, now, out);
      one->on_tick(now, out);
      for (const ElectionEffect& e : out) {
        if (const auto* elected = std::get_if<Elected>(&e)) {
          KZ_ASSERT(!one->looking() && one->state() == elected->state);
          // Only a voter may lead: nobody else can gather a quorum.
          KZ_ASSERT(elected->state != ServerState::kLeading || one == &voter);
        }
      }
    }
  }
  return 0;
}
