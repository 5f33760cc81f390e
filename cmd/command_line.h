// From argv to Parsed, by the option table and the original's grammar (joptsimple 5.0.4 as Kafka's tools use it).
#pragma once
#include <string>
#include <vector>

#include "cmd/command.h"

namespace kz::cmd {

// A refused command line. exception: the Java class whose name the original prints.
struct UsageError {
  std::string message;    // "zookeeper is not a recognized option"
  std::string exception;  // "joptsimple.UnrecognizedOptionException"
  std::string hint;       // nearest option, or empty
};

// Parses args by the table. --help and --version are known to every command and reported through `special`.
struct ParseOutcome {
  Parsed parsed;
  bool help = false;
  bool version = false;
  std::vector<UsageError> errors;  // at most one
};
// configured: values from kz.toml for options that the command line leaves out. A server given on the command line, in
// whatever form, puts all configured servers aside.
ParseOutcome parse_command_line(const Command& command, const std::vector<std::string>& args,
                                const std::map<std::string, std::string>& configured = {});

// Prints a usage error as the command's grammar asks and returns the exit status.
int report_usage_error(const Command& command, const UsageError& error);

// message line + help on stderr, status 1 (CommandLineUtils.printUsageAndDie @ 3.4.0).
int usage_and_die(const Command& command, std::string_view message);

// The candidate closest to `word` by edit distance, or "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kz::cmd
