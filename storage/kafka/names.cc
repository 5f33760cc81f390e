#include "storage/kafka/names.h"

#include <fmt/format.h>

#include <charconv>

namespace kz::storage {

std::string segment_file_name(Offset base_offset, std::string_view suffix) {
  return fmt::format("{:020}{}", base_offset, suffix);
}

std::optional<Offset> offset_of_file(std::string_view name) {
  const std::string_view digits = name.substr(0, name.find('.'));
  Offset offset = 0;
  const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (digits.empty() || r.ec != std::errc{} || r.ptr != digits.data() + digits.size() || offset < 0)
    return std::nullopt;
  return offset;
}

std::string partition_directory(const TopicPartition& tp) { return fmt::format("{}-{}", tp.topic, tp.partition); }

std::optional<TopicPartition> parse_partition_directory(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) return std::nullopt;
  int32_t partition = 0;
  const auto r = std::from_chars(name.data() + dash + 1, name.data() + name.size(), partition);
  if (r.ec != std::errc{} || r.ptr != name.data() + name.size() || partition < 0) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), partition};
}

std::string delete_directory(const TopicPartition& tp, Rng& rng) {
  constexpr size_t kNameMax = 255;
  const std::string tail = fmt::format("-{}.{:016x}{:016x}{}", tp.partition, rng(), rng(), kDeleteDirectorySuffix);
  return tp.topic.substr(0, std::min(tp.topic.size(), kNameMax - tail.size())) + tail;
}

}  // namespace kz::storage
