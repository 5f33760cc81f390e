#include "core/zk/jaas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace kz::zk {
namespace {

struct Token {
  std::string text;
  bool quoted = false;
  int line = 0;
};

std::expected<std::vector<Token>, std::string> tokens_of(std::string_view s) {
  std::vector<Token> out;
  int line = 1;
  for (size_t i = 0; i < s.size();) {
    const char c = s[i];
    if (c == '\n') ++line;
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (c == '#' || s.substr(i, 2) == "//") {
      i = std::min(s.find('\n', i), s.size());
    } else if (s.substr(i, 2) == "/*") {
      const size_t end = s.find("*/", i + 2);
      if (end == std::string_view::npos)
        return std::unexpected(fmt::format("line {}: a comment without its end", line));
      line += static_cast<int>(
          std::count(s.begin() + static_cast<std::ptrdiff_t>(i), s.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      i = end + 2;
    } else if (c == '{' || c == '}' || c == ';' || c == '=') {
      out.push_back({std::string(1, c), false, line});
      ++i;
    } else if (c == '"' || c == '\'') {
      Token token{{}, true, line};
      for (++i; i < s.size() && s[i] != c && s[i] != '\n'; ++i) {
        if (s[i] == '\\' && i + 1 < s.size()) ++i;
        token.text += s[i];
      }
      if (i >= s.size() || s[i] != c) return std::unexpected(fmt::format("line {}: a quote without its end", line));
      out.push_back(std::move(token));
      ++i;
    } else {
      Token token{{}, false, line};
      while (i < s.size() && !std::isspace(static_cast<unsigned char>(s[i])) &&
             std::string_view("{};=\"").find(s[i]) == std::string_view::npos) {
        token.text += s[i++];
      }
      out.push_back(std::move(token));
    }
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::expected<JaasFile, std::string> file() {
    JaasFile out;
    while (at_ < tokens_.size()) {
      const std::string section = take();
      if (!punctuation('{')) return wrong("'{' after the section's name");
      std::vector<JaasEntry> entries;
      while (!punctuation('}')) {
        JaasEntry entry{take(), take(), {}};
        for (const char* flag : {"required", "requisite", "sufficient", "optional"}) {
          if (std::equal(entry.flag.begin(), entry.flag.end(), flag, flag + std::string_view(flag).size(),
                         [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; })) {
            entry.flag = flag;
          }
        }
        if (entry.flag != "required" && entry.flag != "requisite" && entry.flag != "sufficient" &&
            entry.flag != "optional") {
          --at_;
          return wrong("required, requisite, sufficient or optional");
        }
        while (!punctuation(';')) {
          const std::string key = take();
          if (!punctuation('=')) return wrong(fmt::format("'=' after {}, or ';' behind the options", key));
          entry.options[key] = take();
          if (at_ > tokens_.size()) return wrong("';' behind the options");
        }
        entries.push_back(std::move(entry));
      }
      if (!punctuation(';')) return wrong("';' behind '}'");
      out[section] = std::move(entries);
    }
    return out;
  }

 private:
  // Past the end: an empty token, and at_ stays beyond it, so that what follows complains.
  std::string take() {
    const size_t i = at_++;
    return i < tokens_.size() ? tokens_[i].text : std::string();
  }
  bool punctuation(char c) {
    if (at_ >= tokens_.size() || tokens_[at_].quoted || tokens_[at_].text != std::string_view(&c, 1)) return false;
    ++at_;
    return true;
  }
  std::unexpected<std::string> wrong(std::string_view wanted) const {
    if (at_ >= tokens_.size()) return std::unexpected(fmt::format("the file ends where {} should stand", wanted));
    return std::unexpected(
        fmt::format("line {}: '{}' where {} should stand", tokens_[at_].line, tokens_[at_].text, wanted));
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
};

std::unexpected<std::string> not_digest(const std::string& section, const JaasEntry& entry) {
  return std::unexpected(
      fmt::format("section {}: {} is not supported (org.apache.zookeeper.server.auth.DigestLoginModule is)", section,
                  entry.module));
}

bool digest_module(const JaasEntry& entry) {
  return entry.module == "DigestLoginModule" || entry.module.ends_with(".DigestLoginModule");
}

}  // namespace

std::expected<JaasFile, std::string> parse_jaas(std::string_view text) {
  auto tokens = tokens_of(text);
  if (!tokens) return std::unexpected(tokens.error());
  return Parser(std::move(*tokens)).file();
}

std::expected<std::optional<SaslUsers>, std::string> jaas_users(const JaasFile& file, const std::string& section) {
  const auto it = file.find(section);
  if (it == file.end()) return std::nullopt;
  SaslUsers users;
  for (const JaasEntry& entry : it->second) {
    if (!digest_module(entry)) return not_digest(section, entry);
    for (const auto& [key, value] : entry.options) {
      if (key.starts_with("user_")) users[key.substr(5)] = value;
    }
  }
  return users;
}

std::expected<std::optional<SaslLogin>, std::string> jaas_login(const JaasFile& file, const std::string& section) {
  const auto it = file.find(section);
  if (it == file.end()) return std::nullopt;
  for (const JaasEntry& entry : it->second) {
    if (!digest_module(entry)) return not_digest(section, entry);
    const auto user = entry.options.find("username");
    const auto password = entry.options.find("password");
    if (user != entry.options.end() && password != entry.options.end())
      return SaslLogin{user->second, password->second};
  }
  return std::unexpected(fmt::format("section {}: username=\"...\" and password=\"...\" are missing", section));
}

}  // namespace kz::zk
