// currentEpoch and acceptedEpoch in <dataDir>/version-2: a decimal number as text, replaced atomically.
// Source: QuorumPeer.readLongFromFile, writeLongToFile @ 3.8.0.
#pragma once
#include <optional>
#include <string>

#include "core/base/result.h"
#include "storage/fs.h"

namespace kz::storage::zk {

inline constexpr const char* kCurrentEpoch = "currentEpoch";
inline constexpr const char* kAcceptedEpoch = "acceptedEpoch";

// nullopt when the file is missing. kMalformed: not a number.
Result<std::optional<int64_t>> read_epoch(FileSystem& fs, const std::string& dir, const char* name);
// Durable when it returns.
Status write_epoch(FileSystem& fs, const std::string& dir, const char* name, int64_t epoch);

}  // namespace kz::storage::zk
