// The command table and the option tables: parsing, --help, man pages and completions all follow from these structs.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kz::cmd {

enum class ArgKind : uint8_t {
  kFlag,      // takes nothing
  kString,    // takes a word
  kInt,       // a Java int
  kLong,      // a Java long
  kOptional,  // may be given without a value: "--compression-codec" or "--compression-codec=gzip"
};

// One option of one command. Declared once, in the command's own file.
struct Option {
  const char* name;  // long name without dashes
  ArgKind kind = ArgKind::kFlag;
  const char* metavar = "";  // shown in help: "hosts", "Integer: # of partitions"
  const char* help = "";
  const char* default_value = "";    // shown in help and used when the option is absent; "" = none
  bool required = false;             // "Missing required option(s) [name]"
  bool repeatable = false;           // values are collected; else a second one is an error
  const char* deprecated = nullptr;  // not null: still accepted; the text says what to use
  char short_name = 0;               // -x, where the original has one
};

// What was given on the command line.
class Parsed {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }  // given explicitly
  // The last value given, or the option's default; empty string when neither.
  std::string get(std::string_view name) const;
  std::optional<std::string> maybe(std::string_view name) const;  // given explicitly
  std::vector<std::string> all(std::string_view name) const;
  int64_t number(std::string_view name) const;                      // already validated by the parser
  const std::vector<std::string>& words() const { return words_; }  // non-option arguments in order

  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> defaults_;
  std::vector<std::string> words_;
};

struct Command;

// How the command was called, and where its output goes. Owned by main().
struct Invocation {
  const Command* command = nullptr;
  std::string called_as;          // argv[0]'s last part, e.g. "kafka-topics.sh" or "kz"
  std::string called_path;        // the path by which it was called, unresolved: the home directory is found through it
  std::vector<std::string> args;  // after the command's name, before parsing
};

// Which originals' conventions hold for parse errors and help (reference: kafka/cli.md section 0.2).
enum class Grammar : uint8_t {
  kJoptUncaught,  // message as `Exception in thread "main" joptsimple...: msg`, exit 1 (topics, acls, ...)
  kJoptUsage,     // message + full help on stderr, exit 1 (console tools, consumer-groups)
  kPlain,         // kz's own commands: "kz dev: unknown option --x" + hint, exit 1
  kRaw,  // the command parses its own arguments (zk-cli, zk-server, kafka-server-start); `parsed` has words only
};

struct Command {
  const char* name;                  // "topics"
  std::vector<const char*> aliases;  // "kafka-topics", "kafka-topics.sh", ...
  const char* summary;               // one line
  const char* synopsis;              // after the name, for help and man: "--bootstrap-server HOSTS --create ..."
  const char* description;           // paragraphs for help and man
  std::span<const Option> options;
  Grammar grammar = Grammar::kPlain;
  int (*run)(const Invocation&, const Parsed&);  // returns the exit status
};

// All commands, in the order of `kz help`. In cmd/table.cc: the one list to which a new command adds a line.
std::span<const Command* const> commands();
const Command* find_command(std::string_view name);

// One `hint:` line on stderr, after the original's own message.
void hint(std::string_view text);

}  // namespace kz::cmd
