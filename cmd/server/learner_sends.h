// LearnerSends: what a leader streams to its learners: a snapshot of the living tree, or a part of the log on disk. It
// goes in pieces, beside the clients' requests; whatever is sent to that learner meanwhile waits behind it.
// Source: LearnerHandler.syncFollower @ 3.8.0. Owned by the server; all calls on its reactor.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/bytes/slab.h"
#include "core/zk/database.h"
#include "net/learner_link.h"
#include "net/reactor.h"
#include "storage/disk_pool.h"
#include "storage/zk/log_search.h"

namespace kz::server {

struct LearnerSendsEvents {
  std::function<bool()> serving;              // clients are served: they get their share of the reactor
  std::function<void(ConnId)> on_progress;    // the learner's host took bytes
  std::function<void(ConnId)> on_unreadable;  // the log cannot be read; the stream is dropped
};

class LearnerSends {
 public:
  // log_dir: with version-2.
  LearnerSends(net::Reactor& reactor, storage::FileSystem& fs, std::string log_dir, LearnerSendsEvents events);
  ~LearnerSends();

  // The SNAP packet has been sent; the database outlives the stream (or clear() is called).
  void begin_snapshot(net::LearnerLink& port, ConnId link, std::unique_ptr<zk::SnapshotWriter> writer);
  // Transactions after `after` and below `before`.
  void begin_log(net::LearnerLink& port, ConnId link, Zxid after, Zxid before);
  // Where packets for this learner go while something is streamed to it; nullptr otherwise.
  Chain* behind(ConnId link);
  // On a disk thread; done on the reactor, unless clear() came before.
  void search(const storage::zk::LogSearch& search, std::function<void(std::optional<Zxid>)> done);

  void drop(ConnId link);
  void clear();

 private:
  struct Stream;
  struct LogReading;
  struct Piece;
  void turn(ConnId link);
  void again(Stream& stream, Duration rest);
  bool room(Stream& stream);
  void snapshot_turn(Stream& stream);
  void read_more(Stream& stream);
  void finish(Stream& stream, Chain last);
  storage::DiskPool& disk();

  net::Reactor& reactor_;
  storage::FileSystem& fs_;
  std::string log_dir_;
  LearnerSendsEvents events_;
  std::map<ConnId, std::unique_ptr<Stream>> streams_;
  uint64_t generation_ = 0;
  log::Logger logger_{"LearnerHandler"};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<storage::DiskPool> disk_thread_;  // last: it goes first
};

}  // namespace kz::server
