// Names in <dir>/version-2: log.<hex zxid of the first txn>, snapshot.<hex last zxid>[.gz|.snappy].
// Source: Util.getZxidFromName, sortDataDir, FileTxnLog.getLogFiles @ 3.8.0.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/fs.h"

namespace kz::storage::zk {

inline constexpr std::string_view kLogPrefix = "log";
inline constexpr std::string_view kSnapshotPrefix = "snapshot";

struct NamedFile {
  Zxid zxid = 0;
  std::string name;  // without the directory
};

// The second of the parts that dots divide, as hexadecimal, when the first is the prefix.
std::optional<Zxid> zxid_of_name(std::string_view name, std::string_view prefix);
std::string log_name(Zxid first);
std::string hex(Zxid zxid);  // lower case, no 0x

// Files with the prefix and a readable zxid, ascending. Unfinished ones (*.tmp) are left out.
Result<std::vector<NamedFile>> list_by_zxid(FileSystem& fs, const std::string& dir, std::string_view prefix);
// Of ascending logs, the ones that can hold `zxid` or later: from the last that starts at or before it.
std::vector<NamedFile> logs_from(std::vector<NamedFile> logs, Zxid zxid);

}  // namespace kz::storage::zk
