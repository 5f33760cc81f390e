// What four-letter words show of the process and the machine: envi, dirs, mntr's descriptors.
#pragma once
#include <string>
#include <string_view>

#include "core/zk/four_letter.h"
#include "storage/fs.h"
#include "storage/zk/data_dir.h"

namespace kz::server {

// Fills in what `word` prints; costs a directory listing for those that show sizes, nothing for the others.
void refresh_environment(zk::ServerEnvironment& environment, std::string_view word, storage::FileSystem& fs,
                         const storage::zk::DataDir& data_dir);

// Prometheus' process_* metrics, as its clients name them. started_ms: since 1970.
std::string process_metrics(storage::FileSystem& fs, int64_t started_ms);

}  // namespace kz::server
