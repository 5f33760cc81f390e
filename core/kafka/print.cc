#include "core/kafka/print.h"

#include <charconv>
#include <cmath>

namespace kz::kafka::detail {

namespace {

// Length of the UTF-8 sequence at the front of s, 0 if it is none (RFC 3629: no surrogates, no overlong forms).
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const auto tail = [&](size_t n) {
    if (s.size() < n) return false;
    for (size_t i = 1; i < n; ++i) {
      if ((at(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  const uint8_t b = at(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return tail(2) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) {
    if (!tail(3) || (b == 0xe0 && at(1) < 0xa0) || (b == 0xed && at(1) > 0x9f)) return 0;
    return 3;
  }
  if (b >= 0xf0 && b <= 0xf4) {
    if (!tail(4) || (b == 0xf0 && at(1) < 0x90) || (b == 0xf4 && at(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

void json_key(std::string& out, const char* name, const char* suffix) {
  out += '"';
  // Kafka's names are written with a small first letter.
  out += *name >= 'A' && *name <= 'Z' ? static_cast<char>(*name - 'A' + 'a') : *name;
  out += name + 1;
  out += suffix;
  out += "\":";
}

void json_number(std::string& out, int64_t v) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, v).ptr);
}

void json_number(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "\"NaN\"";
  } else if (std::isinf(v)) {
    out += v > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char text[32];
    const char* end = std::to_chars(text, text + sizeof text, v).ptr;
    const std::string_view number(text, static_cast<size_t>(end - text));
    out += number;
    if (number.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

void json_string(std::string& out, std::string_view v) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  while (!v.empty()) {
    const size_t n = utf8_length(v);
    const char c = v[0];
    if (n == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[c & 15];
    } else {
      out += v.substr(0, n);
    }
    v.remove_prefix(n > 0 ? n : 1);
  }
  out += '"';
}

void json_bytes(std::string& out, Bytes v) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (size_t i = 0; i < v.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < v.size() ? static_cast<uint32_t>(v[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += i + k <= v.size() ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  out += '"';
}

}  // namespace kz::kafka::detail
