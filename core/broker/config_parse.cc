// Parsing, checking and printing of configuration values. Source: ConfigDef.parseType, ConfigDef.Range, ValidString,
// ValidList @ 3.4.0; ThrottledReplicaListValidator.scala, MetadataVersionValidator.java.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/broker/config_table.h"
#include "core/broker/kafka_config.h"

namespace kz::broker {

namespace {

std::string_view trim(std::string_view s) {
  const auto space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };  // String.trim
  while (!s.empty() && space(s.front())) s.remove_prefix(1);
  while (!s.empty() && space(s.back())) s.remove_suffix(1);
  return s;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  while (true) {
    const size_t comma = text.find(',');
    out.emplace_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string join(std::span<const std::string> items, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    out += items[i];
  }
  return out;
}

std::optional<int64_t> parse_integer(std::string_view text, int64_t low, int64_t high) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (value < low || value > high) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // Java takes a type suffix.
  if (!text.empty() && (text.back() == 'd' || text.back() == 'D' || text.back() == 'f' || text.back() == 'F')) {
    text.remove_suffix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// Double.toString: the shortest digits, always with a point, exponents from 10^7 and below 10^-3.
std::string java_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[64];
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e7);
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value,
                                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, result.ptr);
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  if (e == std::string::npos) return mantissa;
  const int exponent = std::stoi(text.substr(e + 1));
  return mantissa + "E" + std::to_string(exponent);
}

bool throttled_list_ok(const std::vector<std::string>& items) {
  if (items.size() == 1 && items.front() == "*") return true;
  return std::ranges::all_of(items, [](const std::string& item) {
    const size_t colon = item.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == item.size()) return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::all_of(item.substr(0, colon), digit) && std::ranges::all_of(item.substr(colon + 1), digit);
  });
}

// Empty: fine.
std::string violation(const ConfigKey& key, const ConfigValue& value) {
  const Constraint& c = key.constraint;
  const bool number = key.type == ConfigType::kInt || key.type == ConfigType::kLong || key.type == ConfigType::kShort ||
                      key.type == ConfigType::kDouble;
  if (number && (c.kind == Constraint::Kind::kAtLeast || c.kind == Constraint::Kind::kBetween)) {
    const bool real = key.type == ConfigType::kDouble;
    const double n = real ? std::get<double>(value) : static_cast<double>(std::get<int64_t>(value));
    if (n < static_cast<double>(c.low)) return "Value must be at least " + std::to_string(c.low);
    if (c.kind == Constraint::Kind::kBetween && n > static_cast<double>(c.high)) {
      return "Value must be no more than " + std::to_string(c.high);
    }
  }
  if (c.kind == Constraint::Kind::kOneOf) {
    const std::vector<std::string> choices = split_list(c.choices);
    const auto allowed = [&](const std::string& s) { return std::ranges::find(choices, s) != choices.end(); };
    const bool ok = key.type == ConfigType::kList
                        ? std::ranges::all_of(std::get<std::vector<std::string>>(value), allowed)
                        : allowed(std::get<std::string>(value));
    if (!ok) return "String must be one of: " + join(choices, ", ");
  }
  if (c.kind == Constraint::Kind::kVersion && parse_protocol_version(std::get<std::string>(value)) == 0) {
    return "Version `" + std::get<std::string>(value) + "` is not a valid version";
  }
  if (c.kind == Constraint::Kind::kThrottledReplicas && !throttled_list_ok(std::get<std::vector<std::string>>(value))) {
    return "Must be the literal '*' or a list of replicas in the following format: "
           "[partitionId],[brokerId]:[partitionId],[brokerId]:...";
  }
  return {};
}

}  // namespace

std::string_view config_type_name(ConfigType type) {
  switch (type) {
    case ConfigType::kBoolean:
      return "BOOLEAN";
    case ConfigType::kString:
      return "STRING";
    case ConfigType::kInt:
      return "INT";
    case ConfigType::kShort:
      return "SHORT";
    case ConfigType::kLong:
      return "LONG";
    case ConfigType::kDouble:
      return "DOUBLE";
    case ConfigType::kList:
      return "LIST";
    case ConfigType::kClass:
      return "CLASS";
    case ConfigType::kPassword:
      return "PASSWORD";
  }
  return "";
}

std::expected<ConfigValue, std::string> parse_config(const ConfigKey& key, std::string_view text) {
  const std::string_view trimmed = trim(text);
  const auto refuse = [&](const std::string& why) {
    const std::string shown = key.sensitive() ? "[hidden]" : std::string(text);
    return std::unexpected("Invalid value " + shown + " for configuration " + std::string(key.name) + ": " + why);
  };
  const auto not_a_number = [&] { return refuse("Not a number of type " + std::string(config_type_name(key.type))); };
  ConfigValue value;
  switch (key.type) {
    case ConfigType::kBoolean:
      if (equals_ignore_case(trimmed, "true")) {
        value = true;
      } else if (equals_ignore_case(trimmed, "false")) {
        value = false;
      } else {
        return refuse("Expected value to be either true or false");
      }
      break;
    case ConfigType::kInt:
    case ConfigType::kShort:
    case ConfigType::kLong: {
      int64_t low = INT64_MIN, high = INT64_MAX;
      if (key.type == ConfigType::kInt) low = INT32_MIN, high = INT32_MAX;
      if (key.type == ConfigType::kShort) low = INT16_MIN, high = INT16_MAX;
      const auto n = parse_integer(trimmed, low, high);
      if (!n) return not_a_number();
      value = *n;
      break;
    }
    case ConfigType::kDouble: {
      const auto n = parse_double(trimmed);
      if (!n) return not_a_number();
      value = *n;
      break;
    }
    case ConfigType::kList:
      value = split_list(trimmed);
      break;
    case ConfigType::kString:
    case ConfigType::kClass:
    case ConfigType::kPassword:
      value = std::string(trimmed);
      break;
  }
  if (const std::string why = violation(key, value); !why.empty()) return refuse(why);
  return value;
}

std::string config_allowed(const ConfigKey& key) {
  const Constraint& c = key.constraint;
  std::string out;
  switch (key.type) {
    case ConfigType::kBoolean:
      return "true or false";
    case ConfigType::kInt:
      out = "an integer of 32 bits";
      break;
    case ConfigType::kShort:
      out = "an integer of 16 bits";
      break;
    case ConfigType::kLong:
      out = "an integer of 64 bits";
      break;
    case ConfigType::kDouble:
      out = "a decimal number";
      break;
    case ConfigType::kList:
      out = "a comma separated list";
      break;
    default:
      out = "a text";
  }
  if (c.kind == Constraint::Kind::kAtLeast) out += ", at least " + std::to_string(c.low);
  if (c.kind == Constraint::Kind::kBetween) {
    out += ", " + std::to_string(c.low) + " to " + std::to_string(c.high);
  }
  if (c.kind == Constraint::Kind::kOneOf) out += " of: " + join(split_list(c.choices), ", ");
  if (c.kind == Constraint::Kind::kVersion) out = "a Kafka version from 0.8.0 to 3.4, like 2.7 or 3.4-IV0";
  if (c.kind == Constraint::Kind::kThrottledReplicas) out = "* or a list of partition:broker";
  return out;
}

std::string config_to_string(const ConfigValue& value) {
  struct Print {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(int64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const { return java_double(d); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(const std::vector<std::string>& list) const { return join(list, ","); }
  };
  return std::visit(Print{}, value);
}

std::string ConfigProblem::to_string() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (!out.empty()) out += ": ";
  if (!key.empty()) out += key + "=" + value + ": ";
  return out + message;
}

int32_t parse_protocol_version(std::string_view text) {
  // "3.4-IV0": the part after the dash counts changes within a release's development.
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const std::string_view suffix = text.substr(dash + 1);
    if (!suffix.starts_with("IV") || !parse_integer(suffix.substr(2), 0, 9)) return 0;
  }
  text = text.substr(0, dash);
  int64_t parts[3] = {0, 0, 0};
  size_t count = 0;
  while (true) {
    const size_t dot = text.find('.');
    const auto n = parse_integer(text.substr(0, dot), 0, 999);
    if (!n || count == 3) return 0;
    parts[count++] = *n;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  const auto [major, minor, patch] = parts;
  if (major == 0) return count == 3 && minor >= 8 && minor <= 11 && patch <= 2 ? static_cast<int32_t>(minor) : 0;
  const bool known =
      count >= 2 && ((major == 1 && minor <= 1) || (major == 2 && minor <= 8) || (major == 3 && minor <= 4));
  return known ? static_cast<int32_t>(major * 100 + minor) : 0;
}

}  // namespace kz::broker
