#include "cmd/server/learner_sends.h"

#include <chrono>

#include "core/zab/packet.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::server {
namespace {

constexpr Duration kTurn = std::chrono::microseconds(500);
constexpr Duration kRest = std::chrono::microseconds(300);  // after a turn, while clients are served
constexpr Duration kFullRest = ms(1);                       // until the kernel takes more
constexpr size_t kStepBytes = 32 * 1024;                    // between looks at the clock
constexpr size_t kReadBytes = 256 * 1024;                   // of the log, in one job
constexpr size_t kQueueMax = 8 << 20;                       // of one learner, not yet taken by the kernel

int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

// Belongs to the disk thread while a job runs.
struct LearnerSends::LogReading {
  Zxid last;
  Zxid before;
  std::optional<storage::zk::TxnLogReader> reader;
};

struct LearnerSends::Piece {
  Status status;
  Slice bytes;
  bool last = false;
};

struct LearnerSends::Stream {
  net::LearnerLink& port;
  ConnId link;
  uint64_t generation;
  std::unique_ptr<zk::SnapshotWriter> snapshot;
  std::shared_ptr<LogReading> log;
  Chain behind;
  size_t queued = 0;  // when last looked at
};

LearnerSends::LearnerSends(net::Reactor& reactor, storage::FileSystem& fs, std::string log_dir,
                           LearnerSendsEvents events)
    : reactor_(reactor), fs_(fs), log_dir_(std::move(log_dir)), events_(std::move(events)) {}

LearnerSends::~LearnerSends() { *alive_ = false; }

storage::DiskPool& LearnerSends::disk() {
  if (!disk_thread_) disk_thread_ = std::make_unique<storage::DiskPool>("kz-zk-read", 1);
  return *disk_thread_;
}

void LearnerSends::begin_snapshot(net::LearnerLink& port, ConnId link, std::unique_ptr<zk::SnapshotWriter> writer) {
  auto& stream = streams_[link];
  stream = std::make_unique<Stream>(Stream{port, link, ++generation_, std::move(writer), nullptr, {}, 0});
  again(*stream, Duration{0});
}

void LearnerSends::begin_log(net::LearnerLink& port, ConnId link, Zxid after, Zxid before) {
  auto& stream = streams_[link];
  auto log = std::make_shared<LogReading>(LogReading{after, before, std::nullopt});
  stream = std::make_unique<Stream>(Stream{port, link, ++generation_, nullptr, std::move(log), {}, 0});
  logger_.info("Sending the log from 0x{:x} to 0x{:x} to a learner", static_cast<uint64_t>(after),
               static_cast<uint64_t>(before));
  again(*stream, Duration{0});
}

Chain* LearnerSends::behind(ConnId link) {
  const auto it = streams_.find(link);
  return it == streams_.end() ? nullptr : &it->second->behind;
}

void LearnerSends::search(const storage::zk::LogSearch& search, std::function<void(std::optional<Zxid>)> done) {
  const bool taken =
      disk().run([this, search] { return storage::zk::find_in_log(fs_, log_dir_, search); }, reactor_,
                 [this, search, done = std::move(done), alive = alive_](const Result<std::optional<Zxid>>& found) {
                   if (!*alive) return;
                   if (!found)
                     logger_.warn("Cannot find 0x{:x} in the transaction logs in {}: {}",
                                  static_cast<uint64_t>(search.peer_last), log_dir_, errc_text(found.error().code));
                   done(found ? *found : std::nullopt);
                 });
  KZ_ASSERT(taken);
}

void LearnerSends::drop(ConnId link) { streams_.erase(link); }

void LearnerSends::clear() { streams_.clear(); }

void LearnerSends::again(Stream& stream, Duration rest) {
  auto next = [this, link = stream.link, generation = stream.generation, alive = alive_] {
    if (!*alive) return;
    const auto it = streams_.find(link);
    if (it != streams_.end() && it->second->generation == generation) turn(link);
  };
  if (rest.count() == 0) {
    reactor_.post(std::move(next));
  } else {
    reactor_.after(rest, std::move(next));
  }
}

// Whether the learner keeps up; tells of bytes that its host took.
bool LearnerSends::room(Stream& stream) {
  const size_t queued = stream.port.bytes_to_send(stream.link);
  if (queued < stream.queued || queued == 0) events_.on_progress(stream.link);
  stream.queued = queued;
  return queued < kQueueMax;
}

void LearnerSends::turn(ConnId link) {
  Stream& stream = *streams_.at(link);
  if (!room(stream)) return again(stream, kFullRest);
  if (stream.snapshot) return snapshot_turn(stream);
  read_more(stream);
}

void LearnerSends::snapshot_turn(Stream& stream) {
  Buffer buffer;
  bool more = true;
  const int64_t until = steady_ns() + kTurn.count();
  while (more && steady_ns() < until) more = stream.snapshot->step(buffer, kStepBytes);
  if (!more) {
    buffer.i32(static_cast<int32_t>(std::string_view(zab::kSnapshotSignature).size()));
    buffer.raw(std::string_view(zab::kSnapshotSignature));
    return finish(stream, Chain(buffer.to_slice()));
  }
  stream.port.send(stream.link, Chain(buffer.to_slice()));
  stream.queued = stream.port.bytes_to_send(stream.link);
  again(stream, events_.serving() ? kRest : Duration{0});
}

void LearnerSends::read_more(Stream& stream) {
  auto job = [this, log = stream.log]() -> Piece {
    Buffer out;
    bool last = false;
    const auto read = [&]() -> Status {
      if (!log->reader) {
        KZ_TRY(log->reader, storage::zk::TxnLogReader::open(fs_, log_dir_, log->last + 1));
      }
      while (out.size() < kReadBytes) {
        KZ_TRY(auto txn, log->reader->next());
        // Everything before the bound was durable when it was given.
        if (!txn) return fail(Errc::kTruncated, "transaction log", log->before);
        if (txn->zxid >= log->before) {
          last = true;
          return {};
        }
        if (txn->zxid <= log->last) continue;
        log->last = txn->zxid;
        zab::encode_to(out, {zab::PacketType::kProposal, txn->zxid, std::move(txn->payload), std::nullopt});
        zab::encode_to(out, {zab::PacketType::kCommit, txn->zxid, std::nullopt, std::nullopt});
      }
      return {};
    };
    Status status = read();
    return {std::move(status), out.to_slice(), last};
  };
  auto done = [this, link = stream.link, generation = stream.generation, alive = alive_](const Piece& piece) {
    if (!*alive) return;
    const auto it = streams_.find(link);
    if (it == streams_.end() || it->second->generation != generation) return;
    Stream& s = *it->second;
    if (!piece.status) {
      logger_.error("Cannot read the transaction logs in {}: {} ({})", log_dir_, piece.status.error().what,
                    errc_text(piece.status.error().code));
      streams_.erase(it);
      return events_.on_unreadable(link);
    }
    Chain chain(piece.bytes);
    if (piece.last) return finish(s, std::move(chain));
    s.port.send(link, std::move(chain));
    s.queued = s.port.bytes_to_send(link);
    turn(link);
  };
  KZ_ASSERT(disk().run(std::move(job), reactor_, std::move(done)));
}

void LearnerSends::finish(Stream& stream, Chain last) {
  last.append(std::move(stream.behind));
  net::LearnerLink& port = stream.port;
  const ConnId link = stream.link;
  streams_.erase(link);
  port.send(link, std::move(last));
  events_.on_progress(link);
}

}  // namespace kz::server
