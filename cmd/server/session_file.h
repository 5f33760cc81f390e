// The ZooKeeper session of a broker, kept beside meta.properties: after a crash the next process resumes and closes it,
// so that the old ephemerals go at once instead of after the session's timeout. Ours; Apache's broker ignores the file.
// Text: id=hex, password=hex.
#pragma once
#include <optional>
#include <string>

#include "core/broker/zk/zk_client_port.h"
#include "storage/fs.h"

namespace kz::server {

inline constexpr const char* kSessionFile = ".kz_zookeeper_session";

// Nothing: no such file, or not readable. A session of another ensemble does no harm: that one does not know it.
std::optional<broker::ZkClientPort::SavedSession> read_session(storage::FileSystem& fs, const std::string& file);
Status write_session(storage::FileSystem& fs, const std::string& file,
                     const broker::ZkClientPort::SavedSession& session);
// After a clean end.
void remove_session(storage::FileSystem& fs, const std::string& file);

}  // namespace kz::server
