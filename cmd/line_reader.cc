#include "cmd/line_reader.h"

#include <algorithm>
#include <cstring>

namespace kz::cmd {
namespace {

Uncaught kafka_exception(std::string message) { return {"kafka.common.KafkaException", std::move(message), {}, {}}; }

bool is_true(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text.size() == 4 && strncasecmp(text.data(), "true", 4) == 0;
}

// The text from `from` up to the mark; nullopt when there is none. Fails unless errors are to be ignored.
std::expected<std::optional<std::string_view>, Uncaught> cut(const LineReaderOptions& o, std::string_view line,
                                                             size_t from, const std::string& mark, const char* name,
                                                             int64_t number) {
  const size_t at = line.find(mark, from);
  if (at != std::string_view::npos) return line.substr(from, at - from);
  if (o.ignore_error) return std::nullopt;
  return std::unexpected(kafka_exception("No " + std::string(name) + " found on line number " + std::to_string(number) +
                                         ": '" + std::string(line) + "'"));
}

}  // namespace

std::expected<LineReaderOptions, Uncaught> line_reader_options(const std::map<std::string, std::string>& properties,
                                                               std::vector<std::string>& unknown) {
  LineReaderOptions o;
  for (const auto& [key, value] : properties) {
    if (key == "parse.key") {
      o.parse_key = is_true(value);
    } else if (key == "parse.headers") {
      o.parse_headers = is_true(value);
    } else if (key == "ignore.error") {
      o.ignore_error = is_true(value);
    } else if (key == "key.separator") {
      o.key_separator = value;
    } else if (key == "headers.delimiter") {
      o.headers_delimiter = value;
    } else if (key == "headers.separator") {
      o.headers_separator = value;
    } else if (key == "headers.key.separator") {
      o.headers_key_separator = value;
    } else if (key == "null.marker") {
      o.null_marker = value;
    } else if (key != "topic") {
      unknown.push_back(key);
    }
  }
  const std::pair<const char*, const std::string*> names[] = {{"headers.delimiter", &o.headers_delimiter},
                                                              {"headers.separator", &o.headers_separator},
                                                              {"headers.key.separator", &o.headers_key_separator}};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = i + 1; j < 3; ++j) {
      if (*names[i].second != *names[j].second) continue;
      return std::unexpected(
          kafka_exception(std::string(names[i].first) + " and " + names[j].first + " may not be equal"));
    }
  }
  if (o.null_marker) {
    const std::pair<const char*, const std::string*> marks[] = {{"key.separator", &o.key_separator},
                                                                {"headers.separator", &o.headers_separator},
                                                                {"headers.delimiter", &o.headers_delimiter},
                                                                {"headers.key.separator", &o.headers_key_separator}};
    for (const auto& [name, mark] : marks) {
      if (*o.null_marker == *mark) {
        return std::unexpected(kafka_exception("null.marker and " + std::string(name) + " may not be equal"));
      }
    }
  }
  return o;
}

std::expected<void, Uncaught> parse_line(const LineReaderOptions& o, std::string_view line, int64_t number,
                                         ParsedLine& out) {
  out.key.reset();
  out.headers.clear();
  size_t offset = 0;
  std::optional<std::string_view> headers;
  if (o.parse_headers) {
    auto found = cut(o, line, 0, o.headers_delimiter, "headers delimiter", number);
    if (!found) return std::unexpected(found.error());
    headers = *found;
    if (headers) offset = headers->size() + o.headers_delimiter.size();
  }
  if (o.parse_key) {
    auto found = cut(o, line, offset, o.key_separator, "key separator", number);
    if (!found) return std::unexpected(found.error());
    out.key = *found;
    if (out.key) offset += out.key->size() + o.key_separator.size();
  }
  out.value = line.substr(std::min(offset, line.size()));
  if (o.null_marker) {
    if (out.key == *o.null_marker) out.key.reset();
    if (out.value == *o.null_marker) out.value.reset();
    if (headers == *o.null_marker) headers.reset();
  }
  if (!headers) return {};
  std::string_view rest = *headers;
  for (bool more = true; more;) {
    const size_t end = rest.find(o.headers_separator);
    const std::string_view pair = rest.substr(0, end);
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + o.headers_separator.size());
    // Java's split drops empty parts at the end.
    if (pair.empty() && (!more || rest.empty()) && !headers->empty()) break;
    const size_t at = pair.find(o.headers_key_separator);
    if (at == std::string_view::npos) {
      if (!o.ignore_error) {
        return std::unexpected(kafka_exception("No header key separator found in pair '" + std::string(pair) +
                                               "' on line number " + std::to_string(number)));
      }
      out.headers.emplace_back(pair, std::nullopt);
      continue;
    }
    const std::string_view key = pair.substr(0, at);
    std::optional<std::string_view> value = pair.substr(at + o.headers_key_separator.size());
    if (o.null_marker && key == *o.null_marker) {
      return std::unexpected(kafka_exception("Header keys should not be equal to the null marker '" + *o.null_marker +
                                             "' as they can't be null"));
    }
    if (o.null_marker && value == *o.null_marker) value.reset();
    out.headers.emplace_back(key, value);
  }
  return {};
}

size_t LineSplitter::find_end(std::string_view data) {
  const void* newline = std::memchr(data.data(), '\n', data.size());
  const size_t first =
      newline == nullptr ? data.size() : static_cast<size_t>(static_cast<const char*>(newline) - data.data());
  const void* carriage = std::memchr(data.data(), '\r', first);
  if (carriage != nullptr) return static_cast<size_t>(static_cast<const char*>(carriage) - data.data());
  return newline == nullptr ? std::string_view::npos : first;
}

bool repair_utf8(std::string_view text, std::string& out) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const size_t n = text.size();
  size_t i = 0;
  size_t good_from = 0;
  bool broken = false;
  const auto bad = [&](size_t length) {
    if (!broken) {
      out.clear();
      broken = true;
    }
    out.append(text.substr(good_from, i - good_from));
    out += "\xEF\xBF\xBD";
    i += length;
    good_from = i;
  };
  const auto continues = [&](size_t at) { return at < n && (p[at] & 0xC0) == 0x80; };
  while (i < n) {
    // Eight ASCII bytes at a time: almost all text is.
    while (i + 8 <= n) {
      uint64_t word;
      std::memcpy(&word, p + i, 8);
      if ((word & 0x8080808080808080ULL) != 0) break;
      i += 8;
    }
    if (i >= n) break;
    const uint8_t c = p[i];
    if (c < 0x80) {
      ++i;
    } else if (c >= 0xC2 && c <= 0xDF) {
      continues(i + 1) ? void(i += 2) : bad(1);
    } else if (c >= 0xE0 && c <= 0xEF) {
      const uint8_t low = c == 0xE0 ? 0xA0 : 0x80;
      const uint8_t high = c == 0xED ? 0x9F : 0xBF;
      if (!continues(i + 1) || p[i + 1] < low || p[i + 1] > high) {
        bad(1);
      } else {
        continues(i + 2) ? void(i += 3) : bad(2);
      }
    } else if (c >= 0xF0 && c <= 0xF4) {
      const uint8_t low = c == 0xF0 ? 0x90 : 0x80;
      const uint8_t high = c == 0xF4 ? 0x8F : 0xBF;
      if (!continues(i + 1) || p[i + 1] < low || p[i + 1] > high) {
        bad(1);
      } else if (!continues(i + 2)) {
        bad(2);
      } else {
        continues(i + 3) ? void(i += 4) : bad(3);
      }
    } else {
      bad(1);
    }
  }
  if (broken) out.append(text.substr(good_from));
  return broken;
}

}  // namespace kz::cmd
