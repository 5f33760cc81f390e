// The quorum port: any bytes as a packet stream, and the packets as inputs of a leader and of a learner in the middle
// of their work. First byte: whose inputs (bits 0-1), how often completions come (bits 2-3).
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/base/check.h"
#include "core/zab/quorum_peer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace kz;
using namespace kz::zab;

constexpr size_t kLimit = 1 << 16;

// Whatever arrives in pieces is the same packet, or the same refusal.
std::vector<QuorumPacket> packets_of(const Slice& input) {
  std::vector<QuorumPacket> out;
  Slice rest = input;
  while (!rest.empty()) {
    auto parsed = parse_packet(rest, kLimit);
    if (!parsed) return out;
    for (const size_t cut : {rest.size() / 2, rest.size() - 1}) {
      const auto part = parse_packet(rest.sub(0, cut), kLimit);
      if (parsed->packet && cut < parsed->consumed) KZ_ASSERT(part && !part->packet);
      if (!parsed->packet) KZ_ASSERT(part && !part->packet);
    }
    if (!parsed->packet) return out;
    KZ_ASSERT(parsed->consumed > 0 && parsed->consumed <= rest.size());
    const Slice bytes = encode(*parsed->packet);
    const auto again = parse_packet(bytes, kLimit);
    KZ_ASSERT(again && again->packet && again->consumed == bytes.size());
    KZ_ASSERT(again->packet->type == parsed->packet->type && encode(*again->packet).text() == bytes.text());
    KZ_ASSERT(!print(*parsed->packet).empty());
    decode_learner_info(parsed->packet->data);
    out.push_back(std::move(*parsed->packet));
    rest = rest.sub(parsed->consumed);
  }
  return out;
}

zk::QuorumConfig three() {
  auto config = zk::parse_quorum_config(
      "server.1=127.0.0.1:2888:3888:participant\nserver.2=127.0.0.1:2889:3889:participant\n"
      "server.3=127.0.0.1:2890:3890:participant\nversion=0");
  KZ_ASSERT(config.has_value());
  return *config;
}

// A driver whose disk answers at once.
struct Driver {
  explicit Driver(bool observer)
      : peer({.self = 1, .observer = observer, .election = {}, .leader = {}, .learner = {}}, three(), {1, 1, start},
             history) {}

  template <class F>
  void step(F&& fn) {
    Effects out;
    fn(out);
    for (Effect& e : out) apply(e);
  }
  void apply(Effect& effect) {
    if (auto* e = std::get_if<WriteAcceptedEpoch>(&effect)) {
      step([&](Effects& out) { peer.on_epoch_written(e->epoch, -1, now, out); });
    } else if (auto* e2 = std::get_if<WriteCurrentEpoch>(&effect)) {
      step([&](Effects& out) { peer.on_epoch_written(-1, e2->epoch, now, out); });
    } else if (std::holds_alternative<ReceiveSnapshot>(effect)) {
      const Zxid zxid = std::get<ReceiveSnapshot>(effect).zxid;
      step(
          [&](Effects& out) { peer.on_snapshot_loaded(zxid % 3 == 0 ? std::nullopt : std::optional(zxid), now, out); });
    } else if (auto* cut = std::get_if<TruncateLog>(&effect)) {
      const Zxid zxid = cut->zxid;
      step([&](Effects& out) { peer.on_truncated(zxid < start, std::min(zxid, start), now, out); });
    } else if (auto* find = std::get_if<FindInLog>(&effect)) {
      const FindInLog asked = *find;
      const auto common = asked.peer_last % 2 == 0 ? std::optional(std::min(asked.peer_last, start)) : std::nullopt;
      step([&](Effects& out) { peer.on_log_found(asked.link, common, now, out); });
    } else if (auto* stream = std::get_if<SendLog>(&effect)) {
      const LinkId link = stream->link;
      if (stream->after % 3 == 0) step([&](Effects& out) { peer.on_log_unreadable(link, now, out); });
    } else if (std::holds_alternative<SaveSnapshot>(effect)) {
      step([&](Effects& out) { peer.on_snapshot_saved(now, out); });
    } else if (auto* append = std::get_if<AppendTxn>(&effect)) {
      appended = append->zxid;
    } else if (std::holds_alternative<StartServing>(effect)) {
      next = make_zxid(std::get<StartServing>(effect).epoch, 1);
    } else if (std::holds_alternative<LeaveRole>(effect)) {
      left = true;
    }
  }
  void durable() {
    step([&](Effects& out) { peer.on_durable(appended, now, out); });
  }

  static constexpr Zxid start = make_zxid(1, 5);
  TimePoint now{1'000'000'000};
  CommittedLog history{500};
  QuorumPeer peer;
  Zxid appended = 0;
  Zxid next = 0;
  bool left = false;
};

election::Notification vote(ServerId leader, election::ServerState state) {
  election::Notification n;
  n.state = state;
  n.vote = {leader, Driver::start, 1, 1};
  return n;
}

void elect(Driver& d, ServerId leader) {
  d.step([&](Effects& out) { d.peer.start(d.now, out); });
  for (const ServerId from : {2, 3}) {
    d.step(
        [&](Effects& out) { d.peer.on_notification(from, vote(leader, election::ServerState::kLooking), d.now, out); });
  }
  d.now = d.now + ms(1000);
  d.step([&](Effects& out) { d.peer.on_tick(d.now, out); });
}

void drive(uint8_t mode, const std::vector<QuorumPacket>& packets) {
  const bool leads = (mode & 3) == 0;
  Driver d((mode & 3) == 2);
  elect(d, leads ? 1 : 3);
  // A leader's learners talk in turn: the place in the stream says whose packet it is.
  const LinkId links = leads ? 2 : 1;
  for (LinkId link = 1; link <= links; ++link) d.step([&](Effects& out) { d.peer.on_link_open(link, d.now, out); });
  size_t n = 0;
  for (const QuorumPacket& packet : packets) {
    if (d.left) break;
    const LinkId link = 1 + n % links;
    d.step([&](Effects& out) { d.peer.on_packet(link, packet, d.now, out); });
    if (d.left) break;
    if (leads && d.peer.leader() != nullptr && d.peer.leader()->serving()) {
      const Slice payload = Slice::copy_of("transaction");
      d.step([&](Effects& out) { d.peer.propose(d.next, payload, out); });
      ++d.next;
    }
    if (++n % (1u + ((mode >> 2) & 3u)) == 0 && !d.left) d.durable();
    d.now = d.now + ms(10);
    if (!d.left) d.step([&](Effects& out) { d.peer.on_tick(d.now, out); });
  }
  if (d.left) d.step([&](Effects& out) { d.peer.on_role_left(d.now, out); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto input = Slice::copy_of(Bytes(reinterpret_cast<const std::byte*>(data), size).subspan(1));
  drive(data[0], packets_of(input));
  return 0;
}
