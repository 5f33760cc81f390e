// Names of files and directories in a Kafka log directory. Source: LocalLog.scala @ 3.4.0.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/rng.h"
#include "core/ports_log.h"

namespace kz::storage {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTxnIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kDeletedSuffix = ".deleted";
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";
inline constexpr std::string_view kDeleteDirectorySuffix = "-delete";
inline constexpr std::string_view kFutureDirectorySuffix = "-future";
inline constexpr const char* kEpochCheckpointName = "leader-epoch-checkpoint";
inline constexpr const char* kPartitionMetadataName = "partition.metadata";
inline constexpr const char* kCleanShutdownName = ".kafka_cleanshutdown";
inline constexpr const char* kLockName = ".lock";

// 20 digits and the suffix.
std::string segment_file_name(Offset base_offset, std::string_view suffix);
// The number in front of the first '.', when there are only digits before it.
std::optional<Offset> offset_of_file(std::string_view name);

// "topic-partition"; the last '-' separates. nullopt: not the name of a partition's directory.
std::optional<TopicPartition> parse_partition_directory(std::string_view name);
std::string partition_directory(const TopicPartition& tp);
// "topic-partition.<32 hex>-delete", the topic cut so that the whole stays within 255 bytes.
std::string delete_directory(const TopicPartition& tp, Rng& rng);

}  // namespace kz::storage
