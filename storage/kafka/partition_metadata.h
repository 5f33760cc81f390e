// partition.metadata: the topic id of a partition's directory. Source: PartitionMetadataFile.scala @ 3.4.0; KIP-516.
//   "version: 0\ntopic_id: <22 characters>", no final newline
#pragma once
#include <optional>
#include <string>

#include "core/kafka/uuid.h"
#include "storage/fs.h"

namespace kz::storage {

std::string partition_metadata_text(kafka::Uuid id);
Result<kafka::Uuid> parse_partition_metadata(std::string_view text);
// Zero when there is no file.
Result<kafka::Uuid> read_partition_metadata(FileSystem& fs, const std::string& dir);
Status write_partition_metadata(FileSystem& fs, const std::string& dir, kafka::Uuid id);

}  // namespace kz::storage
