// Source of the grammar: joptsimple 5.0.4 OptionParser with abbreviations off; CommandLineUtils @ Kafka 3.4.0.
#include "cmd/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "cmd/help.h"

namespace kz::cmd {
namespace {

const Option* find_option(const Command& command, std::string_view name) {
  for (const Option& o : command.options) {
    if (name == o.name) return &o;
    if (o.short_name != 0 && name.size() == 1 && name[0] == o.short_name) return &o;
  }
  return nullptr;
}

bool looks_like_option(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

bool number_fits(const Option& option, const std::string& text) {
  int64_t value = 0;
  const char* first = text.c_str() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* last = text.c_str() + text.size();
  const auto [end, error] = std::from_chars(first, last, value);
  if (error != std::errc{} || end != last || text.empty()) return false;
  return option.kind == ArgKind::kLong || (value >= INT32_MIN && value <= INT32_MAX);
}

UsageError unknown_option(const Command& command, const std::string& name) {
  std::vector<std::string> names{"help", "version"};
  for (const Option& o : command.options) names.emplace_back(o.name);
  const std::string near = nearest(name, names);
  return {name + " is not a recognized option", "joptsimple.UnrecognizedOptionException",
          near.empty() ? "" : "did you mean --" + near + "?"};
}

// The words that CLI11 sees: every option as --name or --name=value, whatever dashes and spacing the user chose.
struct Normalised {
  std::vector<std::string> options;
  std::vector<std::string> words;
  bool help = false;
  bool version = false;
};

std::optional<UsageError> normalise(const Command& command, const std::vector<std::string>& args, Normalised& out) {
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--") {
      out.words.insert(out.words.end(), args.begin() + static_cast<std::ptrdiff_t>(i) + 1, args.end());
      break;
    }
    if (!looks_like_option(arg)) {
      out.words.push_back(arg);
      continue;
    }
    std::string name = arg.substr(arg.starts_with("--") ? 2 : 1);
    std::optional<std::string> value;
    if (const size_t eq = name.find('='); eq != std::string::npos) {
      value = name.substr(eq + 1);
      name.resize(eq);
    }
    const Option* option = find_option(command, name);
    if (option == nullptr) {
      if (name == "help" || (name == "h" && command.grammar == Grammar::kPlain)) {
        out.help = true;
        continue;
      }
      if (name == "version") {
        out.version = true;
        continue;
      }
      return unknown_option(command, name);
    }
    if (option->kind == ArgKind::kFlag) {
      out.options.push_back("--" + std::string(option->name));
      continue;
    }
    if (!value || value->empty()) {
      if (option->kind == ArgKind::kOptional) {
        if (i + 1 < args.size() && !looks_like_option(args[i + 1])) value = args[++i];
      } else if (i + 1 < args.size()) {
        value = args[++i];
      } else {
        return UsageError{"Option " + std::string(option->name) + " requires an argument",
                          "joptsimple.OptionMissingRequiredArgumentException", ""};
      }
    }
    if ((option->kind == ArgKind::kInt || option->kind == ArgKind::kLong) && !number_fits(*option, *value)) {
      return UsageError{"Cannot parse argument '" + *value + "' of option " + option->name,
                        "joptsimple.OptionArgumentConversionException",
                        std::string_view(option->name).ends_with("port") ? "a port is a number from 0 to 65535"
                        : option->kind == ArgKind::kInt ? "a whole number from -2147483648 to 2147483647 is needed"
                                                        : "a whole number is needed"};
    }
    out.options.push_back("--" + std::string(option->name) + "=" + value.value_or(""));
  }
  return std::nullopt;
}

// CLI11 stores what was given; types were checked above because its texts are not the original's.
void collect(const Command& command, const std::vector<std::string>& options, Parsed& parsed) {
  CLI::App app;
  app.set_help_flag();
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> flags;
  for (const Option& o : command.options) {
    const std::string name = "--" + std::string(o.name);
    if (o.kind == ArgKind::kFlag) {
      app.add_flag(name, flags[o.name]);
    } else {
      app.add_option(name, values[o.name])->expected(0, 1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  std::vector<std::string> reversed(options.rbegin(), options.rend());  // CLI11 takes its arguments from the back
  app.parse(reversed);
  for (const auto& [name, given] : flags) {
    if (app.count("--" + name) > 0) parsed.values_[name];
  }
  for (auto& [name, given] : values) {
    if (app.count("--" + name) > 0) parsed.values_[name] = std::move(given);
  }
}

constexpr std::string_view kServerOptions[] = {"bootstrap-server", "broker-list", "zookeeper"};

void fill_in(const Command& command, const std::map<std::string, std::string>& configured, Parsed& parsed) {
  bool server_given = false;
  for (std::string_view name : kServerOptions) server_given = server_given || parsed.has(name);
  // One server option is enough, and two contradict each other: the brokers come first.
  const bool both = configured.contains("bootstrap-server") && find_option(command, "bootstrap-server") != nullptr;
  for (const auto& [name, value] : configured) {
    const bool server =
        std::find(std::begin(kServerOptions), std::end(kServerOptions), name) != std::end(kServerOptions);
    if (server && (server_given || (both && name != "bootstrap-server"))) continue;
    if (name == "command-config" && server_given) continue;
    if (find_option(command, name) != nullptr && !parsed.has(name)) parsed.values_[name] = {value};
  }
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t substituted = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

ParseOutcome parse_command_line(const Command& command, const std::vector<std::string>& args,
                                const std::map<std::string, std::string>& configured) {
  ParseOutcome outcome;
  for (const Option& o : command.options) {
    if (o.default_value[0] != '\0') outcome.parsed.defaults_[o.name] = o.default_value;
  }
  if (command.grammar == Grammar::kRaw) {
    outcome.parsed.words_ = args;
    return outcome;
  }
  Normalised normal;
  if (auto error = normalise(command, args, normal)) {
    outcome.errors.push_back(std::move(*error));
    return outcome;
  }
  outcome.help = normal.help;
  outcome.version = normal.version;
  if (outcome.help || outcome.version) return outcome;
  outcome.parsed.words_ = std::move(normal.words);
  collect(command, normal.options, outcome.parsed);
  fill_in(command, configured, outcome.parsed);
  std::string missing;
  for (const Option& o : command.options) {
    const auto it = outcome.parsed.values_.find(o.name);
    if (o.required && it == outcome.parsed.values_.end())
      missing += (missing.empty() ? "" : ", ") + std::string(o.name);
    if (it != outcome.parsed.values_.end() && !o.repeatable && it->second.size() > 1) {
      outcome.errors.push_back(
          {"Found multiple arguments for option " + std::string(o.name) + ", but you asked for only one",
           "joptsimple.MultipleArgumentsForOptionException", ""});
      return outcome;
    }
  }
  if (!missing.empty()) {
    outcome.errors.push_back(
        {"Missing required option(s) [" + missing + "]", "joptsimple.MissingRequiredOptionsException", ""});
  }
  return outcome;
}

int report_usage_error(const Command& command, const UsageError& error) {
  switch (command.grammar) {
    case Grammar::kJoptUncaught:
      std::fprintf(stderr, "Exception in thread \"main\" %s: %s\n", error.exception.c_str(), error.message.c_str());
      break;
    case Grammar::kJoptUsage:
      std::fprintf(stderr, "%s\n%s", error.message.c_str(), option_columns(command).c_str());
      break;
    case Grammar::kPlain:
    case Grammar::kRaw:
      std::fprintf(stderr, "kz %s: %s\n", command.name, error.message.c_str());
      break;
  }
  if (!error.hint.empty()) {
    hint(error.hint);
  } else if (command.grammar == Grammar::kPlain) {
    hint("kz help " + std::string(command.name) + " lists the options");
  }
  return 1;
}

int usage_and_die(const Command& command, std::string_view message) {
  std::fprintf(stderr, "%.*s\n%s", static_cast<int>(message.size()), message.data(), option_columns(command).c_str());
  return 1;
}

void hint(std::string_view text) { std::fprintf(stderr, "hint: %.*s\n", static_cast<int>(text.size()), text.data()); }

std::optional<std::string> Parsed::maybe(std::string_view name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return std::nullopt;
  return it->second.empty() ? std::string() : it->second.back();
}

std::string Parsed::get(std::string_view name) const {
  if (auto given = maybe(name)) return *given;
  const auto it = defaults_.find(name);
  return it == defaults_.end() ? std::string() : it->second;
}

std::vector<std::string> Parsed::all(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>{} : it->second;
}

int64_t Parsed::number(std::string_view name) const {
  const std::string text = get(name);
  int64_t value = 0;
  std::from_chars(text.data() + (!text.empty() && text[0] == '+' ? 1 : 0), text.data() + text.size(), value);
  return value;
}

}  // namespace kz::cmd
