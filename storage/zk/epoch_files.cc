#include "storage/zk/epoch_files.h"

#include <charconv>

namespace kz::storage::zk {

Result<std::optional<int64_t>> read_epoch(FileSystem& fs, const std::string& dir, const char* name) {
  auto read = fs.read_file(dir + "/" + name);
  if (!read && read.error().code == Errc::kNotFound) return std::nullopt;
  if (!read) return std::unexpected(read.error());
  // Java reads the first line; a newline at its end is what editors leave.
  const std::string line = read->substr(0, read->find_first_of("\r\n"));
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), epoch);
  if (error != std::errc{} || end != line.data() + line.size()) return fail(Errc::kMalformed, name);
  return epoch;
}

Status write_epoch(FileSystem& fs, const std::string& dir, const char* name, int64_t epoch) {
  return fs.write_atomically(dir + "/" + name, std::to_string(epoch));
}

}  // namespace kz::storage::zk
