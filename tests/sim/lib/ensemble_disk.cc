// SimServer: files. Recovery, cuts and snapshots as cmd/server/quorum_recovery.cc and zookeeper_snapshot.cc do them; a
// log thread that writes and syncs with delays of its own.
#include <fmt/format.h>

#include <algorithm>

#include "storage/zk/epoch_files.h"
#include "storage/zk/file_names.h"
#include "storage/zk/log_search.h"
#include "storage/zk/txn_log_reader.h"
#include "tests/sim/lib/ensemble_server_parts.h"

namespace kz::sim {
namespace {

constexpr int64_t kSnapshotEach = 60;  // transactions

storage::zk::DataDirOptions options() {
  storage::zk::DataDirOptions o;
  o.data_dir = "/data";
  o.log.preallocate_bytes = 4096;
  return o;
}

}  // namespace

bool SimServer::recover() {
  auto dir = storage::zk::DataDir::open(disk_, options());
  if (!dir) return false;
  data_dir_ = std::move(*dir);
  database_ = std::make_unique<zk::Database>();
  const auto recovery = data_dir_->recover(*database_);
  if (!recovery) {
    note(recovery.error().message);
    return false;
  }
  history_.clear();
  fuzzy_until_ = 0;
  if (const auto it = snapshot_contents_.find(recovery->snapshot_zxid); it != snapshot_contents_.end()) {
    history_ = it->second.first;
    fuzzy_until_ = it->second.second;
  }
  committed_ = std::make_unique<zab::CommittedLog>(100);
  if (recovery->txns > 0) {
    auto reader =
        storage::zk::TxnLogReader::open(disk_, data_dir_->log_dir(), std::max<Zxid>(recovery->snapshot_zxid, 0) + 1);
    if (!reader) return false;
    while (true) {
      auto txn = reader->next();
      if (!txn) return false;
      if (!*txn) break;
      if ((*txn)->zxid > applied()) history_.push_back((*txn)->zxid);
      committed_->add((*txn)->zxid, (*txn)->payload);
    }
  }
  log_base_ = std::max<Zxid>(recovery->snapshot_zxid, 0);
  appended_ = durable_ = recovery->last_zxid;
  const int64_t epoch = zab::epoch_of(std::max<Zxid>(recovery->last_zxid, 0));
  int64_t epochs[2] = {epoch, epoch};
  const char* const names[2] = {"acceptedEpoch", "currentEpoch"};
  for (const int i : {0, 1}) {
    const auto found = storage::zk::read_epoch(disk_, data_dir_->snapshot_dir(), names[i]);
    if (!found) return false;
    if (*found) {
      epochs[i] = **found;
    } else if (!write_epoch(names[i], epoch)) {
      return false;
    }
  }
  if (epoch > epochs[1] && epoch <= epochs[0]) {
    epochs[1] = epoch;
    if (!write_epoch(names[1], epoch)) return false;
  }
  if (epoch > epochs[1] || epochs[0] < epochs[1])
    order_.fail(
        fmt::format("server {} starts with epochs {}/{} and 0x{:x}", id_, epochs[0], epochs[1], recovery->last_zxid));
  // A leader that had nothing yet of its epoch names its snapshot by the epoch.
  if (applied() != recovery->last_zxid &&
      (zab::counter_of(recovery->last_zxid) != 0 || applied() > recovery->last_zxid))
    order_.fail(fmt::format("server {} recovers 0x{:x}, its files hold 0x{:x}", id_, recovery->last_zxid, applied()));
  peer_ = std::make_unique<zab::QuorumPeer>(
      peer_options_, config_.quorum, zab::QuorumPeer::Durable{epochs[0], epochs[1], recovery->last_zxid}, *committed_);
  return true;
}

bool SimServer::write_epoch(const char* name, int64_t epoch) {
  return storage::zk::write_epoch(disk_, data_dir_->snapshot_dir(), name, epoch).has_value();
}

void SimServer::on_disk(Duration takes, std::function<void()> job) {
  ++disk_jobs_;
  disk_free_ = std::max(disk_free_, world_.now) + takes;
  later(disk_free_ - world_.now, [this, job = std::move(job)] {
    --disk_jobs_;
    job();
    if (up_) finish_leaving();
  });
}

void SimServer::take_epoch(const char* name, int64_t accepted, int64_t current) {
  on_disk(std::chrono::microseconds{world_.rng.between(100, 5000)}, [this, name, accepted, current] {
    if (!write_epoch(name, std::max(accepted, current))) return failed(name);
    if (accepted >= 0 && peer_->leader() && on_epoch_chosen) on_epoch_chosen(id_);
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_epoch_written(accepted, current, now, out); });
  });
}

// ---- the log ----

void SimServer::append(Zxid zxid, const Slice& payload) {
  if (pipeline_ && ++since_snapshot_ > kSnapshotEach) begin_snapshot();
  appended_ = zxid;
  unwritten_.push_back({zxid, payload});
  write_log();
}

void SimServer::write_log() {
  if (writing_ || unwritten_.empty()) return;
  writing_ = true;
  // Two moments at which the process or the machine may end: before the write, and between write and sync.
  later(std::chrono::microseconds{world_.rng.between(50, 1000)}, [this] {
    std::vector<storage::zk::LogRecord> batch(unwritten_.begin(), unwritten_.end());
    unwritten_.clear();
    if (batch.empty()) {
      writing_ = false;
      return;
    }
    if (!data_dir_->log().append(batch)) return failed("the log cannot be written");
    const Zxid last = batch.back().zxid;
    later(std::chrono::microseconds{world_.rng.between(50, world_.rng.chance(0.1) ? 300000 : 1500)}, [this, last] {
      writing_ = false;
      if (!data_dir_->log().sync()) return failed("the log cannot be synced");
      durable_ = std::max(durable_, last);
      peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_durable(last, now, out); });
      if (!up_) return;
      finish_leaving();
      if (up_) write_log();
    });
  });
}

Status SimServer::forget_after(Zxid zxid) {
  KZ_CHECK(data_dir_->log().close());
  const auto cut = storage::zk::truncate_logs(disk_, data_dir_->log_dir(), zxid);
  if (!cut && cut.error().code != Errc::kNotFound) return cut;
  const std::string& dir = data_dir_->snapshot_dir();
  KZ_TRY(const auto snapshots, storage::zk::list_by_zxid(disk_, dir, storage::zk::kSnapshotPrefix));
  for (const auto& s : snapshots) {
    if (s.zxid > zxid) KZ_CHECK(disk_.remove(dir + "/" + s.name));
  }
  return disk_.sync_directory(dir);
}

void SimServer::truncate(Zxid zxid) {
  note(fmt::format("TRUNC 0x{:x}", zxid));
  snapshot_.reset();
  on_disk(std::chrono::microseconds{world_.rng.between(500, 20000)}, [this, zxid] { cut(zxid); });
}

void SimServer::cut(Zxid zxid) {
  const auto snapshots = storage::zk::list_by_zxid(disk_, data_dir_->snapshot_dir(), storage::zk::kSnapshotPrefix);
  if (!snapshots) return failed("the snapshots cannot be listed");
  const bool at_snapshot = std::ranges::any_of(*snapshots, [zxid](const auto& s) { return s.zxid == zxid; });
  const auto logged = storage::zk::last_logged(disk_, data_dir_->log_dir(), zxid);
  const bool reachable = !snapshots->empty() && snapshots->front().zxid <= zxid &&
                         (at_snapshot || zab::counter_of(zxid) == 0 || (logged && *logged == zxid));
  if (!reachable) {
    note("TRUNC cannot be made");
    return peer_step(
        [&](TimePoint now, zab::Effects& out) { peer_->on_truncated(false, database_->last_zxid(), now, out); });
  }
  if (!forget_after(zxid)) return failed("the log cannot be cut");
  database_ = std::make_unique<zk::Database>();
  const auto recovery = data_dir_->recover(*database_);
  if (!recovery) return failed("cannot recover after a cut");
  std::erase_if(history_, [&](Zxid z) { return z > recovery->last_zxid; });
  if (const auto it = snapshot_contents_.find(recovery->snapshot_zxid); it != snapshot_contents_.end())
    fuzzy_until_ = it->second.second;
  log_base_ = recovery->snapshot_zxid;
  appended_ = durable_ = recovery->last_zxid;
  unsaved_snapshot_ = true;
  peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_truncated(true, recovery->last_zxid, now, out); });
}

// ---- what a learner lacks, from the log ----

void SimServer::find_in_log(const zab::FindInLog& asked) {
  later(std::chrono::microseconds{world_.rng.between(100, 20000)}, [this, asked] {
    const auto common = storage::zk::find_in_log(disk_, data_dir_->log_dir(),
                                                 {asked.peer_last, asked.until, log_base_, int64_t{1} << 30});
    note(fmt::format("FIND 0x{:x} in the log: {}", asked.peer_last, common && *common));
    peer_step([&](TimePoint now, zab::Effects& out) {
      peer_->on_log_found(asked.link, common ? *common : std::nullopt, now, out);
    });
  });
}

void SimServer::send_log(const zab::SendLog& asked) {
  const auto unreadable = [this, link = asked.link] {
    mute_.insert(link);
    later(ms(1), [this, link] {
      peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_log_unreadable(link, now, out); });
    });
  };
  auto reader = storage::zk::TxnLogReader::open(disk_, data_dir_->log_dir(), asked.after + 1);
  if (!reader) return unreadable();
  while (true) {
    auto txn = reader->next();
    if (!txn) return unreadable();
    if (!*txn || (*txn)->zxid >= asked.before) return;
    send_packet(asked.link, {zab::PacketType::kProposal, (*txn)->zxid, (*txn)->payload, std::nullopt});
    send_packet(asked.link, {zab::PacketType::kCommit, (*txn)->zxid, std::nullopt, std::nullopt});
  }
}

// ---- snapshots ----

// Of what a leader sent: nobody touches the database until it is done.
void SimServer::save_snapshot() {
  on_disk(std::chrono::microseconds{world_.rng.between(500, 20000)}, [this] {
    const Zxid zxid = database_->last_zxid();
    if (!forget_after(zxid)) return failed("the log cannot be cut");
    snapshot_contents_[zxid] = {history_, fuzzy_until_};
    if (!storage::zk::write_snapshot(disk_, data_dir_->snapshot_dir(), database_->tree, database_->sessions,
                                     storage::zk::Compression::kNone))
      return failed("a snapshot cannot be written");
    unsaved_snapshot_ = false;
    log_base_ = appended_ = durable_ = zxid;
    peer_step([&](TimePoint now, zab::Effects& out) { peer_->on_snapshot_saved(now, out); });
  });
}

// While clients are served, piece by piece.
void SimServer::begin_snapshot() {
  since_snapshot_ = 0;
  if (snapshot_) return;
  data_dir_->log().roll();
  snapshot_ = std::make_unique<Snapshot>(pipeline_->database());
  snapshot_->history = history_;
  later(std::chrono::microseconds{200}, [this] { continue_snapshot(); });
}

void SimServer::continue_snapshot() {
  if (!snapshot_) return;
  Snapshot& s = *snapshot_;
  Buffer buffer;
  const bool more = s.writer.step(buffer, 2000);
  Status done;
  if (!s.file) {
    auto file = storage::zk::SnapshotFile::create(disk_, data_dir_->snapshot_dir(), s.writer.zxid(),
                                                  storage::zk::Compression::kNone);
    if (file) {
      s.file = std::move(*file);
    } else {
      done = std::unexpected(file.error());
    }
  }
  if (done) done = s.file->append(buffer.bytes());
  if (done && more)
    return later(std::chrono::microseconds{world_.rng.between(200, 4000)}, [this] { continue_snapshot(); });
  if (done) {
    snapshot_contents_[s.writer.zxid()] = {s.history, std::max(applied(), fuzzy_until_)};
    done = s.file->finish();
  }
  note(fmt::format("SNAPSHOT 0x{:x}{}", s.writer.zxid(), done ? "" : " failed"));
  snapshot_.reset();
}

}  // namespace kz::sim
