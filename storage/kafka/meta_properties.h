// meta.properties: which broker and which cluster a log directory belongs to. Source: BrokerMetadataCheckpoint.scala,
// KafkaServer.scala @ 3.4.0.  Java properties: version=0, broker.id, cluster.id. version=1 (node.id) is KRaft's.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "storage/fs.h"

namespace kz::storage {

struct MetaProperties {
  std::optional<BrokerId> broker_id;
  std::string cluster_id;  // empty before 0.10.1
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

inline constexpr const char* kMetaPropertiesName = "meta.properties";

// nullopt: no file. The error is a line for people.
std::expected<std::optional<MetaProperties>, std::string> parse_meta_properties(std::string_view text);
std::string meta_properties_text(const MetaProperties& meta, std::string_view date);

// What all directories agree on; empty when none has a file. Error: Kafka's text when they differ or cannot be read.
std::expected<MetaProperties, std::string> read_meta_properties(FileSystem& fs, const std::vector<std::string>& dirs);
// Against what is configured and what ZooKeeper says. configured -1: broker.id is not set. Error: Kafka's text.
std::expected<void, std::string> check_meta_properties(const MetaProperties& stored, BrokerId configured,
                                                       const std::string& cluster_id);
// Into every directory that lacks it or differs. wall_ms: for the date comment.
Status write_meta_properties(FileSystem& fs, const std::vector<std::string>& dirs, const MetaProperties& meta,
                             int64_t wall_ms);

}  // namespace kz::storage
