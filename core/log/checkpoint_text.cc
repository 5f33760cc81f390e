#include "core/log/checkpoint_text.h"

#include <charconv>

namespace kz::log_state {

namespace {

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool number(std::string_view text, int64_t& out) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  return r.ec == std::errc{} && r.ptr == text.data() + text.size();
}

}  // namespace

Result<std::vector<std::string_view>> checkpoint_lines(std::string_view text) {
  if (text.empty()) return std::vector<std::string_view>{};  // Kafka creates the file before it has anything to say
  int64_t version = 0;
  int64_t count = 0;
  if (!number(take_line(text), version)) return fail(Errc::kMalformed, "checkpoint version", 1);
  if (version != 0) return fail(Errc::kUnsupportedVersion, "checkpoint version", version);
  if (!number(take_line(text), count) || count < 0) return fail(Errc::kMalformed, "checkpoint entry count", 2);
  std::vector<std::string_view> lines;
  while (!text.empty()) lines.push_back(take_line(text));
  if (static_cast<int64_t>(lines.size()) != count) return fail(Errc::kMalformed, "checkpoint entry count", 2);
  return lines;
}

std::string offset_checkpoint_text(const OffsetCheckpoint& entries) {
  std::string out = "0\n" + std::to_string(entries.size()) + "\n";
  for (const auto& [tp, offset] : entries)
    out += tp.topic + " " + std::to_string(tp.partition) + " " + std::to_string(offset) + "\n";
  return out;
}

Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text) {
  KZ_TRY(const auto lines, checkpoint_lines(text));
  OffsetCheckpoint out;
  int64_t line_number = 2;
  for (const auto line : lines) {
    ++line_number;
    const size_t last = line.rfind(' ');
    const size_t middle = last == 0 || last == std::string_view::npos ? last : line.rfind(' ', last - 1);
    int64_t partition = 0;
    int64_t offset = 0;
    if (middle == std::string_view::npos || middle == 0 || middle == last ||
        !number(line.substr(middle + 1, last - middle - 1), partition) || !number(line.substr(last + 1), offset))
      return fail(Errc::kMalformed, "checkpoint line", line_number);
    out[{std::string(line.substr(0, middle)), static_cast<int32_t>(partition)}] = offset;
  }
  return out;
}

}  // namespace kz::log_state
