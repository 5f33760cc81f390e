// The only file that includes Boost.Regex.
#include "cmd/java_regex.h"

#include <boost/regex.hpp>

namespace kz::cmd {
namespace {

// What means something else in Java: a character class within a class, or an intersection of two.
std::string unsupported(const std::string& text) {
  bool quoted = false;
  size_t class_from = std::string::npos;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      if (i + 1 < text.size() && text[i + 1] == 'Q') quoted = true;
      if (i + 1 < text.size() && text[i + 1] == 'E') quoted = false;
      ++i;
      continue;
    }
    if (quoted) continue;
    if (class_from == std::string::npos) {
      if (text[i] != '[') continue;
      class_from = i;
      if (i + 1 < text.size() && text[i + 1] == '^') ++i;
      continue;
    }
    if (text[i] == '&' && i + 1 < text.size() && text[i + 1] == '&') return "&& in a character class is not supported";
    if (text[i] == '[') return "a character class within a class is not supported";
    if (text[i] == ']') class_from = std::string::npos;
  }
  return {};
}

}  // namespace

struct JavaRegex::Impl {
  boost::regex regex;
};

std::expected<JavaRegex, std::string> JavaRegex::compile(const std::string& text) {
  if (std::string why = unsupported(text); !why.empty()) return std::unexpected(std::move(why));
  try {
    return JavaRegex(std::make_shared<const Impl>(Impl{boost::regex(text, boost::regex::perl)}));
  } catch (const boost::regex_error& e) {
    std::string why = e.what();
    return std::unexpected(why.substr(0, why.find("  The error occurred")));
  }
}

bool JavaRegex::matches(const std::string& text) const {
  try {
    return boost::regex_match(text, impl_->regex);
  } catch (const std::exception&) {  // the engine gave up: the expression takes exponential time
    return false;
  }
}

}  // namespace kz::cmd
