#include "storage/zk/log_search.h"

#include "storage/zk/file_names.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::storage::zk {
namespace {

// visit(zxid, payload bytes) for each transaction from the file on that may hold `from`, until it returns false.
template <class Visit>
Status each_logged(FileSystem& fs, const std::string& dir, Zxid from, Visit&& visit) {
  KZ_TRY(auto all, list_by_zxid(fs, dir, kLogPrefix));
  for (const NamedFile& file : logs_from(std::move(all), from)) {
    KZ_TRY(auto reader, LogFileReader::open(fs, dir + "/" + file.name));
    while (true) {
      KZ_TRY(const LogEntry entry, reader.next());
      if (entry.kind == LogEntry::Kind::kBadChecksum || entry.kind == LogEntry::Kind::kSectorsLost)
        return fail(Errc::kChecksum, "transaction log entry", entry.position);
      if (entry.kind != LogEntry::Kind::kTxn) break;
      if (!visit(entry.zxid(), std::ssize(entry.payload.bytes()))) return {};
    }
  }
  return {};
}

}  // namespace

Result<std::optional<Zxid>> last_logged(FileSystem& fs, const std::string& dir, Zxid zxid) {
  std::optional<Zxid> last;
  KZ_CHECK(each_logged(fs, dir, zxid, [&](Zxid at, int64_t) {
    if (at <= zxid) last = at;
    return at < zxid;
  }));
  return last;
}

Result<std::optional<Zxid>> find_in_log(FileSystem& fs, const std::string& dir, const LogSearch& search) {
  std::optional<Zxid> common;
  Zxid last = 0;
  int64_t bytes = 0;
  bool whole = false;
  KZ_CHECK(each_logged(fs, dir, search.peer_last, [&](Zxid at, int64_t size) {
    if (at <= last) return true;
    const Zxid before = std::exchange(last, at);
    if (at <= search.peer_last) {
      common = at;
      return true;
    }
    // Across the end of an epoch nobody can tell a gap from the zxids alone.
    if (!common || (before < search.base && at != before + 1)) return false;
    whole = at >= search.until;
    if (whole) return false;
    bytes += size;
    return bytes <= search.bytes_max;
  }));
  if (!whole) return std::nullopt;
  return common;
}

}  // namespace kz::storage::zk
