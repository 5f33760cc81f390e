// World: what simulated servers and clients share: a virtual clock, events in their order, and a network of connections
// whose frames are delayed, kept in order, held back by partitions (one way or both) and lost with a machine's power.
// One seed draws everything. Single-threaded.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"

namespace kz::sim {

using Party = int64_t;  // servers by their ids, clients from kFirstClient on
constexpr Party kFirstClient = 1000;

// One frame on a connection. A snapshot travels as several frames: pieces, then the end.
struct Frame {
  enum class Kind { kPacket, kSnapshotPiece, kSnapshotEnd } kind = Kind::kPacket;
  Slice bytes;
  std::shared_ptr<const std::vector<Zxid>> history;  // with a snapshot's end: what it holds at least
  Zxid fuzzy_until = 0;                              // and perhaps parts of what follows, up to here
};

struct LinkEnd {
  Party party = 0;
  std::function<void(const Frame&)> on_frame;
  std::function<void()> on_closed;  // the other side closed, or the connection broke
};

class World {
 public:
  explicit World(uint64_t seed) : rng(seed) {}

  Rng rng;
  TimePoint now{1'000'000'000};
  Now clock() const { return {now, 1'600'000'000'000 + now.ns / 1'000'000}; }
  // One line per event: milliseconds, party (0 = the world), what.
  std::function<void(const std::string&)> trace;
  void note(Party who, const std::string& what) const;
  bool trace_packets = false;  // of the quorum port, too

  void after(Duration delay, std::function<void()> run);
  TimePoint next() const { return events_.empty() ? TimePoint::max() : events_.top().at; }
  void turn();  // runs the next event

  // ---- network ----
  Duration latency();
  bool reachable(Party from, Party to) const { return !cut_.contains({from, to}); }
  void cut(Party from, Party to) { cut_.insert({from, to}); }
  void mend();  // every partition ends: what was held back arrives, in order
  uint64_t open(LinkEnd a, LinkEnd b);
  void send(uint64_t link, Party from, Frame frame);
  void close(uint64_t link, Party closer);  // the closer hears no more of it; the other side is told
  void reset(uint64_t link);                // both sides are told
  // The machine's power goes: its connections are gone without a word. Who sends on one hears of it once it is back.
  void lose(Party party);
  void set_up(Party party, bool up);
  std::vector<uint64_t> links() const;

 private:
  struct Event {
    TimePoint at;
    uint64_t sequence;
    std::function<void()> run;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : sequence > o.sequence; }
  };
  struct Link {
    LinkEnd end[2];
    bool open[2] = {true, true};
    bool stale = false;
    TimePoint last[2];                          // arrival of the newest frame at that end
    std::deque<std::function<void()>> held[2];  // to that end, while the network is cut
  };
  // Runs `arrive` at the end `to` behind everything sent to it before.
  void transmit(uint64_t id, int to, std::function<void()> arrive);
  void tell_closed(uint64_t id, int to);

  uint64_t sequence_ = 0;
  std::priority_queue<Event> events_;
  std::map<uint64_t, std::shared_ptr<Link>> links_;
  uint64_t next_link_ = 1;
  std::set<std::pair<Party, Party>> cut_;
  std::set<Party> up_;
};

}  // namespace kz::sim
