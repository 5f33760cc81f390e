// JavaRegex: regular expressions of topics as java.util.regex reads them. The engine is Boost.Regex in its Perl syntax,
// which shares lookaround, possessive and lazy quantifiers, \Q..\E, inline flags, named groups, back references and
// \p{Alpha} and its like with Java; what it would read otherwise (&& and nested classes) is refused by name.
#pragma once
#include <expected>
#include <memory>
#include <string>

namespace kz::cmd {

class JavaRegex {
 public:
  // Error: what is wrong, without the expression.
  static std::expected<JavaRegex, std::string> compile(const std::string& text);
  // The whole text, as Matcher.matches.
  bool matches(const std::string& text) const;

 private:
  struct Impl;
  explicit JavaRegex(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace kz::cmd
