#include "cmd/zk_cli_args.h"

#include <algorithm>

namespace kz::cmd {
namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

std::string_view before_equals(std::string_view token) { return token.substr(0, token.find('=')); }

bool negative_number(std::string_view token) {
  if (token.size() < 2 || token[0] != '-') return false;
  const size_t dots = static_cast<size_t>(std::count(token.begin(), token.end(), '.'));
  return dots <= 1 &&
         std::all_of(token.begin() + 1, token.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

class Parser {
 public:
  explicit Parser(std::span<const ZkOption> options) : options_(options) {}

  std::expected<ZkArgs, std::string> run(const std::vector<std::string>& args, bool group_required) {
    for (const auto& token : args) {
      take(token);
      if (!error_.empty()) return std::unexpected(error_);
    }
    if (!value_is_there()) return std::unexpected(error_);
    if (group_required && group_.empty()) {
      std::string names;
      for (const auto& o : options_) {
        if (o.group) names += (names.empty() ? "-" : ", -") + std::string(o.name) + " " + o.description;
      }
      return std::unexpected("org.apache.commons.cli.MissingOptionException: Missing required option: [" + names + "]");
    }
    std::string missing;
    size_t count = 0;
    for (const auto& o : options_) {
      if (!o.required || out_.has(o.name)) continue;
      missing += (missing.empty() ? "" : ", ") + std::string(o.name);
      ++count;
    }
    if (count > 0)
      return std::unexpected("org.apache.commons.cli.MissingOptionException: Missing required option" +
                             std::string(count == 1 ? ": " : "s: ") + missing);
    return std::move(out_);
  }

 private:
  const ZkOption* find(std::string_view name) const {
    for (const auto& o : options_) {
      if (name == o.name) return &o;
    }
    return nullptr;
  }
  // By the whole long name, or by a beginning that fits no other.
  const ZkOption* find_long(std::string_view name) const {
    const ZkOption* found = nullptr;
    for (const auto& o : options_) {
      const std::string_view whole(o.long_name);
      if (whole.empty() || name.empty() || !whole.starts_with(name)) continue;
      if (whole == name) return &o;
      if (found != nullptr) return nullptr;
      found = &o;
    }
    return found;
  }
  bool looks_like_option(std::string_view token) const {
    if (token.size() < 2 || token[0] != '-') return false;
    const std::string_view name = before_equals(token.substr(1));
    if (find_long(before_equals(token.substr(token[1] == '-' ? 2 : 1))) != nullptr) return true;
    return find(name) != nullptr || (!name.empty() && find(name.substr(0, 1)) != nullptr);
  }

  void take(const std::string& token) {
    if (words_only_) {
      out_.words.push_back(token);
    } else if (token == "--") {
      words_only_ = true;
    } else if (waiting_ != nullptr && (!looks_like_option(token) || negative_number(token))) {
      give_value(token);
    } else if (token.starts_with("--")) {
      take_long(token, std::string_view(token).substr(2));
    } else if (token.size() < 2 || token[0] != '-') {
      out_.words.push_back(token);
    } else {
      take_option(token);
    }
  }

  void take_long(const std::string& token, std::string_view text) {
    const size_t equals = text.find('=');
    const ZkOption* option = find_long(text.substr(0, equals));
    if (option == nullptr || (equals != std::string_view::npos && !option->takes_value)) return unknown(token);
    give_option(*option);
    if (equals != std::string_view::npos) give_value(std::string(text.substr(equals + 1)));
  }

  void take_option(const std::string& token) {
    const std::string_view text = std::string_view(token).substr(1);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      if (const ZkOption* whole = find(text)) return give_option(*whole);
      if (find_long(text) != nullptr) return take_long(token, text);
      return take_letters(token);
    }
    const ZkOption* option = find(text.substr(0, equals));
    if (option == nullptr && find_long(text.substr(0, equals)) != nullptr) return take_long(token, text);
    if (option == nullptr || !option->takes_value) return unknown(token);
    give_option(*option);
    give_value(std::string(text.substr(equals + 1)));
  }

  // Letters that share a dash; the rest after one that takes a value is its value.
  void take_letters(const std::string& token) {
    for (size_t i = 1; i < token.size() && error_.empty(); ++i) {
      const ZkOption* option = find(std::string_view(token).substr(i, 1));
      if (option == nullptr) return unknown(token);
      give_option(*option);
      if (waiting_ != nullptr && i + 1 < token.size()) return give_value(token.substr(i + 1));
    }
  }

  void give_option(const ZkOption& option) {
    if (!value_is_there()) return;
    if (option.group) {
      if (!group_.empty() && group_ != option.name) {
        error_ = "org.apache.commons.cli.AlreadySelectedException: The option '" + std::string(option.name) +
                 "' was specified but an option from this group has already been selected: '" + group_ + "'";
        return;
      }
      group_ = option.name;
    }
    out_.options.emplace_back(option.name, "");
    waiting_ = option.takes_value ? &option : nullptr;
  }
  void give_value(std::string value) {
    if (!error_.empty()) return;
    if (value.size() > 1 && value.front() == '"' && value.find('"', 1) == value.size() - 1) {
      value = value.substr(1, value.size() - 2);
    }
    out_.options.back().second = std::move(value);
    waiting_ = nullptr;
  }
  bool value_is_there() {
    if (waiting_ == nullptr) return true;
    error_ =
        "org.apache.commons.cli.MissingArgumentException: Missing argument for option: " + std::string(waiting_->name);
    return false;
  }
  void unknown(const std::string& token) {
    if (value_is_there()) error_ = "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: " + token;
  }

  std::span<const ZkOption> options_;
  ZkArgs out_;
  const ZkOption* waiting_ = nullptr;  // for its value
  bool words_only_ = false;
  std::string group_;
  std::string error_;
};

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    const char first = line.front();
    if (first == '"' || first == '\'') {
      const size_t close = line.find(first, 1);
      if (close != std::string_view::npos) words.emplace_back(line.substr(1, close - 1));
      line.remove_prefix(close == std::string_view::npos ? 1 : close + 1);
    } else {
      const size_t end = std::min(line.find_first_of(kBlanks), line.size());
      words.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
}

const std::string* ZkArgs::value(std::string_view name) const {
  for (const auto& [option, text] : options) {
    if (option == name) return &text;
  }
  return nullptr;
}

std::expected<ZkArgs, std::string> parse_zk_args(const std::vector<std::string>& args,
                                                 std::span<const ZkOption> options, bool group_required) {
  return Parser(options).run(args, group_required);
}

}  // namespace kz::cmd
