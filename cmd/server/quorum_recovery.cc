// What a member of an ensemble reads from its disk at the start, and cuts from it on TRUNC and SNAP.
// Source: QuorumPeer.loadDataBase, ZKDatabase.truncateLog @ 3.8.0.
#include <algorithm>

#include "cmd/server/quorum_zookeeper_impl.h"
#include "cmd/server/zookeeper_options.h"
#include "storage/zk/epoch_files.h"
#include "storage/zk/file_names.h"
#include "storage/zk/log_search.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::server {
namespace {

constexpr int kExitDataDir = 3;

}  // namespace

std::expected<int64_t, StartFailure> QuorumZooKeeperServer::Impl::read_or_make_epoch(const char* name,
                                                                                     int64_t fallback) {
  const std::string& dir = data_dir_->snapshot_dir();
  const auto found = storage::zk::read_epoch(fs_, dir, name);
  if (!found) {
    return std::unexpected(
        StartFailure{fmt::format("{}/{} cannot be read: {}", dir, name, errc_text(found.error().code)), 1});
  }
  if (*found) return **found;
  if (const auto written = storage::zk::write_epoch(fs_, dir, name, fallback); !written) {
    return std::unexpected(
        StartFailure{fmt::format("{}/{} cannot be written: {}", dir, name, errc_text(written.error().code)), 1});
  }
  return fallback;
}

std::expected<zab::QuorumPeer::Durable, StartFailure> QuorumZooKeeperServer::Impl::recover() {
  auto dir = storage::zk::DataDir::open(fs_, data_dir_options(options_.config));
  if (!dir) return std::unexpected(StartFailure{dir.error().message, dir.error().directory ? kExitDataDir : 1});
  data_dir_ = std::move(*dir);
  database_ = std::make_unique<zk::Database>(tree_options(options_.config));
  const auto recovery = data_dir_->recover(*database_);
  if (!recovery) {
    return std::unexpected(StartFailure{recovery.error().message, recovery.error().directory ? kExitDataDir : 1});
  }
  monitoring_.recovered(*recovery, *database_);
  if (const Status filled = fill_committed_log(*recovery); !filled) {
    return std::unexpected(StartFailure{
        fmt::format("the logs in {} cannot be read: {}", data_dir_->log_dir(), errc_text(filled.error().code)), 1});
  }
  snapshots_ = std::make_unique<Snapshots>(reactor_, *data_dir_, options_.config, rng_, monitoring_.metrics());
  snapshots_->logged(recovery->txns, recovery->txn_bytes);
  log_base_ = std::max<Zxid>(recovery->snapshot_zxid, 0);
  const int64_t epoch = recovery->last_zxid < 0 ? 0 : zab::epoch_of(recovery->last_zxid);
  auto current = read_or_make_epoch(storage::zk::kCurrentEpoch, epoch);
  if (!current) return std::unexpected(current.error());
  const auto accepted = read_or_make_epoch(storage::zk::kAcceptedEpoch, epoch);
  if (!accepted) return std::unexpected(accepted.error());
  // Stopped between the transactions of an epoch and its file: whoever has one of them has the epoch's history.
  if (epoch > *current && epoch <= *accepted) {
    if (const auto wrote = storage::zk::write_epoch(fs_, data_dir_->snapshot_dir(), storage::zk::kCurrentEpoch, epoch);
        !wrote) {
      return std::unexpected(
          StartFailure{std::string("currentEpoch cannot be written: ") + errc_text(wrote.error().code), 1});
    }
    current = epoch;
  }
  if (epoch > *current) {
    return std::unexpected(StartFailure{
        fmt::format("The current epoch, {:x}, is older than the last zxid, {}", *current, recovery->last_zxid), 1});
  }
  if (*accepted < *current) {
    return std::unexpected(StartFailure{
        fmt::format("The accepted epoch, {:x} is less than the current epoch, {:x}", *accepted, *current), 1});
  }
  logger_.info("Snapshot loaded, {} transactions replayed, last zxid 0x{:x}, {} znodes, epochs {}/{}", recovery->txns,
               static_cast<uint64_t>(recovery->last_zxid), database_->tree.node_count(), *accepted, *current);
  return zab::QuorumPeer::Durable{*accepted, *current, recovery->last_zxid};
}

// The last transactions of the log, so that this server can bring others up to date from memory when it leads.
Status QuorumZooKeeperServer::Impl::fill_committed_log(const storage::zk::DataDir::Recovery& recovery) {
  committed_.clear();
  if (recovery.txns == 0) return {};
  KZ_TRY(auto reader, storage::zk::TxnLogReader::open(fs_, data_dir_->log_dir(), recovery.snapshot_zxid + 1));
  int64_t skip = recovery.txns - options_.config.commit_log_count;
  while (true) {
    KZ_TRY(auto txn, reader.next());
    if (!txn) return {};
    if (--skip < 0) committed_.add(txn->zxid, std::move(txn->payload));
  }
}

Status QuorumZooKeeperServer::Impl::forget_after(Zxid zxid) {
  KZ_CHECK(data_dir_->log().close());
  const auto cut = storage::zk::truncate_logs(fs_, data_dir_->log_dir(), zxid);
  if (!cut && cut.error().code != Errc::kNotFound) return cut;
  const std::string& dir = data_dir_->snapshot_dir();
  KZ_TRY(const auto snapshots, storage::zk::list_by_zxid(fs_, dir, storage::zk::kSnapshotPrefix));
  for (const auto& s : snapshots) {
    if (s.zxid > zxid) KZ_CHECK(fs_.remove(dir + "/" + s.name));
  }
  return fs_.sync_directory(dir);
}

// Cuts nothing unless what remains ends exactly at `zxid`: this server may have acknowledged what lies before it, and
// still counts in an election with it. Below the first snapshot, or where a snapshot alone covers the point, there is
// no such cut.
QuorumZooKeeperServer::Impl::Truncation QuorumZooKeeperServer::Impl::truncate(Zxid zxid) {
  Truncation out;
  const std::string& dir = data_dir_->snapshot_dir();
  const auto snapshots = storage::zk::list_by_zxid(fs_, dir, storage::zk::kSnapshotPrefix);
  if (!snapshots) {
    out.failure = fmt::format("{} cannot be listed: {}", dir, errc_text(snapshots.error().code));
    return out;
  }
  if (snapshots->empty() || snapshots->front().zxid > zxid) return out;
  const bool at_snapshot = std::ranges::any_of(*snapshots, [zxid](const auto& s) { return s.zxid == zxid; });
  const auto logged = storage::zk::last_logged(fs_, data_dir_->log_dir(), zxid);
  if (!at_snapshot && zab::counter_of(zxid) != 0 && (!logged || *logged != zxid)) return out;
  if (const Status cut = forget_after(zxid); !cut) {
    out.failure = fmt::format("the log in {} cannot be cut: {}", data_dir_->log_dir(), errc_text(cut.error().code));
    return out;
  }
  auto database = std::make_unique<zk::Database>(tree_options(options_.config));
  const auto recovery = data_dir_->recover(*database);
  if (!recovery || recovery->last_zxid > zxid) {
    out.failure = recovery ? fmt::format("the log in {} was not cut", data_dir_->log_dir()) : recovery.error().message;
    return out;
  }
  out.database = std::move(database);
  out.base = recovery->snapshot_zxid;
  return out;
}

}  // namespace kz::server
