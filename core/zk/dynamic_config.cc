#include "core/zk/dynamic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/base/properties.h"

namespace kz::zk {
namespace {

// A natural line ends here; it goes on behind an odd number of backslashes.
bool continued(std::string_view line) {
  size_t slashes = 0;
  while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
  return slashes % 2 == 1;
}

bool goes(std::string_view key, bool erase_client_port) {
  for (const std::string_view prefix : {"server.", "group", "weight", "dynamicConfigFile", "peerType"}) {
    if (key.starts_with(prefix)) return true;
  }
  return erase_client_port && (key == "clientPort" || key == "clientPortAddress");
}

}  // namespace

std::string dynamic_config_name(const std::string& config_file, int64_t version) {
  return fmt::format("{}.dynamic.{:x}", config_file, static_cast<uint64_t>(version));
}

std::string next_config_name(const std::string& config_file) { return config_file + ".dynamic.next"; }

std::optional<int64_t> version_in_name(std::string_view file) {
  const size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view digits = file.substr(dot + 1);
  int64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return version;
}

std::string dynamic_config_text(const QuorumConfig& config, bool with_version) {
  std::vector<std::string> lines;
  const std::string text = config.text();
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (!line.empty() && (with_version || !line.starts_with("version="))) lines.push_back(std::move(line));
    at = end + 1;
  }
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string static_config_text(std::string_view text, const std::string& dynamic_file, bool erase_client_port) {
  std::string out;
  while (!text.empty()) {
    size_t end = 0;
    do {
      end = text.find_first_of("\r\n", end);
      end = end == std::string_view::npos ? text.size() : end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
      std::string_view line = text.substr(0, end);
      while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
      const size_t first = line.find_first_not_of(" \t\f");
      const bool comment = first != std::string_view::npos && (line[first] == '#' || line[first] == '!');
      if (comment || !continued(line)) break;
    } while (end < text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const auto properties = parse_properties(line);
    if (properties && !properties->empty() && goes(properties->front().key, erase_client_port)) continue;
    out += line;
    if (!out.ends_with('\n') && !out.ends_with('\r')) out += '\n';
  }
  // A backslash at the very end would take the next line in.
  const size_t last = out.find_last_not_of("\r\n");
  if (last != std::string::npos && continued(std::string_view(out).substr(0, last + 1))) out += '\n';
  // As Properties reads it: a backslash would be an escape.
  std::string path;
  for (const char c : dynamic_file) path += c == '\\' ? std::string("\\\\") : std::string(1, c);
  return out + "dynamicConfigFile=" + path + "\n";
}

}  // namespace kz::zk
