#include "core/base/properties.h"

#include <cstdint>

namespace kz {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

void put_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// Joins continued lines; white space that starts a continuation is dropped. Returns false at the end of the text.
bool next_logical_line(std::string_view text, size_t& pos, int& line, std::string& out, int& first_line) {
  while (pos < text.size()) {
    out.clear();
    first_line = line;
    bool joined = false;
    for (;;) {
      size_t end = text.find_first_of("\r\n", pos);
      if (end == std::string_view::npos) end = text.size();
      std::string_view raw = text.substr(pos, end - pos);
      pos = end;
      if (pos < text.size()) pos += text.substr(pos, 2) == "\r\n" ? 2 : 1;
      ++line;
      size_t start = 0;
      while (start < raw.size() && blank(raw[start])) ++start;
      raw.remove_prefix(start);
      if (!joined && (raw.empty() || raw[0] == '#' || raw[0] == '!')) break;
      size_t slashes = 0;
      while (slashes < raw.size() && raw[raw.size() - 1 - slashes] == '\\') ++slashes;
      const bool continued = slashes % 2 == 1;
      if (continued) raw.remove_suffix(1);
      out += raw;
      joined = true;
      if (!continued || pos >= text.size()) return true;
    }
  }
  return false;
}

Result<std::string> unescape(std::string_view in, int line) {
  std::string out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '\\' || i + 1 == in.size()) {
      out += in[i];
      continue;
    }
    switch (const char c = in[++i]) {
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        uint32_t value = 0;
        for (int k = 0; k < 4; ++k) {
          const char h = i + 1 < in.size() ? in[++i] : '?';
          const int digit = h >= '0' && h <= '9'   ? h - '0'
                            : h >= 'a' && h <= 'f' ? h - 'a' + 10
                            : h >= 'A' && h <= 'F' ? h - 'A' + 10
                                                   : -1;
          if (digit < 0) return fail(Errc::kMalformed, "bad \\u escape", line);
          value = value * 16 + static_cast<uint32_t>(digit);
        }
        put_utf8(out, value);
        break;
      }
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Result<std::vector<Property>> parse_properties(std::string_view text) {
  std::vector<Property> all;
  std::string logical;
  size_t pos = 0;
  int line = 1;
  int first = 1;
  while (next_logical_line(text, pos, line, logical, first)) {
    size_t key_end = 0;
    while (key_end < logical.size() && !blank(logical[key_end]) && logical[key_end] != '=' && logical[key_end] != ':') {
      key_end += logical[key_end] == '\\' && key_end + 1 < logical.size() ? 2 : 1;
    }
    size_t value = key_end;
    while (value < logical.size() && blank(logical[value])) ++value;
    if (value < logical.size() && (logical[value] == '=' || logical[value] == ':')) {
      ++value;
      while (value < logical.size() && blank(logical[value])) ++value;
    }
    KZ_TRY(std::string key, unescape(std::string_view(logical).substr(0, key_end), first));
    KZ_TRY(std::string val, unescape(std::string_view(logical).substr(value), first));
    all.push_back({std::move(key), std::move(val), first});
  }
  return all;
}

std::map<std::string, std::string> to_map(const std::vector<Property>& properties) {
  std::map<std::string, std::string> out;
  for (const auto& p : properties) out[p.key] = p.value;
  return out;
}

}  // namespace kz
