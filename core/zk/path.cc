#include "core/zk/path.h"

#include <cstdint>

namespace kz::zk {
namespace {

// The code point at i, moved past it; 0xfffd (which no path may hold) for bytes that are not UTF-8.
uint32_t next_char(std::string_view s, size_t& i) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(s[at]); };
  const uint8_t first = byte(i++);
  if (first < 0x80) return first;
  const int more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
  if (first < 0xc2 || more == 0) return 0xfffd;
  uint32_t c = first & (0x3fu >> more);
  for (int k = 0; k < more; ++k) {
    if (i >= s.size() || (byte(i) & 0xc0) != 0x80) return 0xfffd;
    c = (c << 6) | (byte(i++) & 0x3f);
  }
  return c;
}

// Java compares UTF-16 units: everything above U+FFFF is a pair of surrogates, which are in the forbidden range.
bool forbidden(uint32_t c) {
  return c <= 0x1f || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0;
}

}  // namespace

std::string_view path_problem(std::string_view path) {
  if (path.empty()) return "Path length must be > 0";
  if (path[0] != '/') return "Path must start with / character";
  if (path.size() == 1) return {};
  if (path.back() == '/') return "Path must not end with / character";
  size_t part = 1;  // where the current part starts
  for (size_t i = 1; i < path.size();) {
    const size_t at = i;
    const uint32_t c = next_char(path, i);
    if (c == 0) return "null character not allowed";
    if (c == '/' && at == part) return "empty node name specified";
    if (c == '/') part = i;
    if (c == '/' || i == path.size()) {
      const std::string_view name = path.substr(c == '/' ? path.rfind('/', at - 1) + 1 : part, std::string_view::npos);
      const std::string_view whole = c == '/' ? name.substr(0, name.find('/')) : name;
      if (whole == "." || whole == "..") return "relative paths not allowed";
    }
    if (forbidden(c)) return "invalid character";
  }
  return {};
}

bool special_path(std::string_view path) {
  return path.empty() || path == "/" || path == "/zookeeper" || path == kQuotaPrefix || path == kConfigNode;
}

}  // namespace kz::zk
