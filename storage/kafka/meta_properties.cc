#include "storage/kafka/meta_properties.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "core/base/properties.h"

namespace kz::storage {

namespace {

std::string describe(const MetaProperties& m) {
  std::string out = "{";
  if (m.broker_id) out += fmt::format("broker.id={}, ", *m.broker_id);
  if (!m.cluster_id.empty()) out += fmt::format("cluster.id={}, ", m.cluster_id);
  return out + "version=0}";
}

std::expected<int32_t, std::string> integer(const std::string& key, const std::string& value) {
  int32_t n = 0;
  const auto r = std::from_chars(value.data(), value.data() + value.size(), n);
  if (r.ec != std::errc{} || r.ptr != value.data() + value.size())
    return std::unexpected(fmt::format("Failed to parse {} property as an int: For input string: \"{}\"", key, value));
  return n;
}

}  // namespace

std::expected<std::optional<MetaProperties>, std::string> parse_meta_properties(std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) return std::unexpected(fmt::format("line {} is malformed", properties.error().detail));
  const auto map = to_map(*properties);
  MetaProperties out;
  if (const auto it = map.find("version"); it != map.end()) {
    const auto version = integer("version", it->second);
    if (!version) return std::unexpected(version.error());
    if (*version == 1)
      return std::unexpected("the directory was formatted for KRaft (version=1), and this broker uses ZooKeeper");
    if (*version != 0) return std::unexpected(fmt::format("Expected version 0, but got version {}", *version));
  }
  if (const auto it = map.find("broker.id"); it != map.end()) {
    const auto id = integer("broker.id", it->second);
    if (!id) return std::unexpected(id.error());
    out.broker_id = *id;
  }
  if (const auto it = map.find("cluster.id"); it != map.end()) out.cluster_id = it->second;
  return out;
}

std::string meta_properties_text(const MetaProperties& meta, std::string_view date) {
  std::string out = fmt::format("#\n#{}\n", date);
  if (!meta.cluster_id.empty()) out += fmt::format("cluster.id={}\n", meta.cluster_id);
  if (meta.broker_id) out += fmt::format("broker.id={}\n", *meta.broker_id);
  return out + "version=0\n";
}

std::expected<MetaProperties, std::string> read_meta_properties(FileSystem& fs, const std::vector<std::string>& dirs) {
  std::vector<std::pair<std::string, MetaProperties>> found;
  for (const auto& dir : dirs) {
    const std::string path = dir + "/" + kMetaPropertiesName;
    const auto text = fs.read_file(path);
    if (!text) {
      // An unreadable directory goes offline later; it does not decide who this broker is.
      continue;
    }
    const auto parsed = parse_meta_properties(*text);
    if (!parsed) return std::unexpected(fmt::format("{}: {}", path, parsed.error()));
    if (*parsed) found.emplace_back(dir, **parsed);
  }
  if (found.empty()) return MetaProperties{};
  std::string listing;
  bool same = true;
  for (const auto& [dir, meta] : found) {
    same = same && meta == found.front().second;
    listing += fmt::format("- {} -> {}\n", dir, describe(meta));
  }
  if (!same)
    return std::unexpected(
        fmt::format("BrokerMetadata is not consistent across log.dirs. This could happen if multiple brokers shared a "
                    "log directory (log.dirs) or partial data was manually copied from another broker. Found:\n{}",
                    listing));
  return found.front().second;
}

std::expected<void, std::string> check_meta_properties(const MetaProperties& stored, BrokerId configured,
                                                       const std::string& cluster_id) {
  if (!stored.cluster_id.empty() && !cluster_id.empty() && stored.cluster_id != cluster_id)
    return std::unexpected(
        fmt::format("The Cluster ID {} doesn't match stored clusterId Some({}) in meta.properties. "
                    "The broker is trying to join the wrong cluster. Configured zookeeper.connect "
                    "may be wrong.",
                    cluster_id, stored.cluster_id));
  if (stored.broker_id && configured >= 0 && *stored.broker_id != configured)
    return std::unexpected(
        fmt::format("Configured broker.id {} doesn't match stored broker.id Some({}) in meta.properties. If you moved "
                    "your data, make sure your configured broker.id matches. If you intend to create a new broker, you "
                    "should remove all data in your data directories (log.dirs).",
                    configured, *stored.broker_id));
  return {};
}

Status write_meta_properties(FileSystem& fs, const std::vector<std::string>& dirs, const MetaProperties& meta,
                             int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[64];
  const size_t n = std::strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &parts);
  for (const auto& dir : dirs) {
    const std::string path = dir + "/" + kMetaPropertiesName;
    if (const auto text = fs.read_file(path)) {
      const auto parsed = parse_meta_properties(*text);
      if (parsed && *parsed == meta) continue;
    }
    KZ_CHECK(fs.write_atomically(path, meta_properties_text(meta, {date, n})));
  }
  return {};
}

}  // namespace kz::storage
