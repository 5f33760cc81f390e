#include "storage/kafka/partition_metadata.h"

#include "storage/kafka/names.h"

namespace kz::storage {

std::string partition_metadata_text(kafka::Uuid id) { return "version: 0\ntopic_id: " + id.to_string(); }

namespace {

// "key: value" with any white space after the colon.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  if (!line.starts_with(':')) return std::nullopt;
  line.remove_prefix(1);
  const size_t at = line.find_first_not_of(" \t");
  if (at == 0 || at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<kafka::Uuid> parse_partition_metadata(std::string_view text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return fail(Errc::kMalformed, "partition.metadata", 1);
  const auto version = value_of(text.substr(0, end), "version");
  if (!version) return fail(Errc::kMalformed, "partition.metadata version", 1);
  if (*version != "0") return fail(Errc::kUnsupportedVersion, "partition.metadata version", 1);
  const std::string_view rest = text.substr(end + 1);
  const auto id = value_of(rest.substr(0, rest.find('\n')), "topic_id");
  const auto parsed = id ? kafka::Uuid::parse(*id) : std::nullopt;
  if (!parsed || parsed->is_zero()) return fail(Errc::kMalformed, "partition.metadata topic_id", 2);
  return *parsed;
}

Result<kafka::Uuid> read_partition_metadata(FileSystem& fs, const std::string& dir) {
  auto text = fs.read_file(dir + "/" + kPartitionMetadataName);
  if (!text) {
    if (text.error().code == Errc::kNotFound) return kafka::Uuid{};
    return std::unexpected(text.error());
  }
  return parse_partition_metadata(*text);
}

// Not synced one by one (50 of them at a start cost 25 ms and more): a file that a power loss emptied is written again
// from the controller's topic id.
Status write_partition_metadata(FileSystem& fs, const std::string& dir, kafka::Uuid id) {
  const std::string path = dir + "/" + kPartitionMetadataName;
  {
    KZ_TRY(auto file, fs.open(path + ".tmp", OpenMode::kTruncate));
    KZ_CHECK(file->pwrite(as_bytes(partition_metadata_text(id)), 0));
  }
  return fs.rename(path + ".tmp", path);
}

}  // namespace kz::storage
