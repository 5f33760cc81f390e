#include "core/broker/topic_name.h"

#include <algorithm>

namespace kz::broker {

namespace {
constexpr size_t kNameLengthMax = 249;  // leaves room for "-<partition>.<uuid>-delete" within a file name's 255
}

std::optional<std::string> topic_name_problem(std::string_view name) {
  const std::string prefix = "Topic name is invalid: ";
  if (name.empty()) return prefix + "the empty string is not allowed";
  if (name == ".") return prefix + "'.' is not allowed";
  if (name == "..") return prefix + "'..' is not allowed";
  if (name.size() > kNameLengthMax) {
    return prefix + "the length of '" + std::string(name) + "' is longer than the max allowed length " +
           std::to_string(kNameLengthMax);
  }
  const bool legal = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (legal) return std::nullopt;
  return prefix + "'" + std::string(name) +
         "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
}

bool topic_names_collide(std::string_view a, std::string_view b) {
  const auto unify = [](char c) { return c == '.' ? '_' : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return unify(x) == unify(y); });
}

}  // namespace kz::broker
