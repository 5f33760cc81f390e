#include "core/zk/jvm_flags.h"

#include <cctype>

namespace kz::zk {

std::vector<std::pair<std::string, std::string>> jvm_properties(std::string_view flags) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  std::vector<std::pair<std::string, std::string>> out;
  for (;;) {
    while (!flags.empty() && space(flags.front())) flags.remove_prefix(1);
    if (flags.empty()) return out;
    std::string word;
    char quote = 0;
    size_t i = 0;
    for (; i < flags.size() && (quote || !space(flags[i])); ++i) {
      if (quote ? flags[i] == quote : flags[i] == '"' || flags[i] == '\'') {
        quote = quote ? 0 : flags[i];
      } else {
        word += flags[i];
      }
    }
    flags.remove_prefix(i);
    const size_t eq = word.find('=');
    if (!word.starts_with("-D") || eq == std::string::npos) continue;
    out.emplace_back(word.substr(2, eq - 2), word.substr(eq + 1));
  }
}

}  // namespace kz::zk
