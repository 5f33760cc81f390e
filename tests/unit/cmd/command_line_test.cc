#include "cmd/command_line.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "cmd/config_toml.h"
#include "cmd/help.h"

using namespace kz::cmd;

namespace {

constexpr Option kOptions[] = {
    {.name = "bootstrap-server",
     .kind = ArgKind::kString,
     .metavar = "String: server to connect to",
     .help = "Brokers."},
    {.name = "zookeeper", .kind = ArgKind::kString},
    {.name = "topic", .kind = ArgKind::kString},
    {.name = "partitions", .kind = ArgKind::kInt},
    {.name = "offset", .kind = ArgKind::kLong},
    {.name = "config", .kind = ArgKind::kString, .repeatable = true},
    {.name = "compression-codec", .kind = ArgKind::kOptional},
    {.name = "list"},
};

const Command kTool{.name = "tool",
                    .aliases = {"kafka-tool.sh"},
                    .summary = "a tool",
                    .synopsis = "--list",
                    .description = "It lists.",
                    .options = kOptions,
                    .grammar = Grammar::kJoptUncaught,
                    .run = nullptr};

std::string error_of(const std::vector<std::string>& args) {
  auto outcome = parse_command_line(kTool, args);
  return outcome.errors.empty() ? "" : outcome.errors[0].message;
}

}  // namespace

TEST_CASE("joptsimple's spellings: two dashes, one dash, '=', separate words, end of options") {
  auto p = parse_command_line(kTool, {"-topic", "a", "--partitions=3", "--config", "k=v", "-config=x=y", "--list",
                                      "word", "--", "--list"})
               .parsed;
  CHECK(p.get("topic") == "a");
  CHECK(p.number("partitions") == 3);
  CHECK(p.all("config") == std::vector<std::string>{"k=v", "x=y"});
  CHECK(p.has("list"));
  CHECK(p.words() == std::vector<std::string>{"word", "--list"});
  CHECK_FALSE(p.has("zookeeper"));
}

TEST_CASE("a required argument may look like an option; an optional one may not") {
  CHECK(parse_command_line(kTool, {"--topic", "--list"}).parsed.get("topic") == "--list");
  auto p = parse_command_line(kTool, {"--compression-codec", "--list"}).parsed;
  CHECK(p.has("compression-codec"));
  CHECK(p.get("compression-codec").empty());
  CHECK(p.has("list"));
  CHECK(parse_command_line(kTool, {"--compression-codec", "lz4"}).parsed.get("compression-codec") == "lz4");
}

TEST_CASE("the original's texts for wrong command lines") {
  CHECK(error_of({"--bogus"}) == "bogus is not a recognized option");
  CHECK(error_of({"--topic"}) == "Option topic requires an argument");
  CHECK(error_of({"--partitions", "abc"}) == "Cannot parse argument 'abc' of option partitions");
  CHECK(error_of({"--partitions", "2147483648"}) == "Cannot parse argument '2147483648' of option partitions");
  CHECK(error_of({"--offset", "2147483648"}) == "");
  CHECK(error_of({"--topic", "a", "--topic", "b"}) ==
        "Found multiple arguments for option topic, but you asked for only one");
}

TEST_CASE("the nearest option is named, a far one is not") {
  CHECK(parse_command_line(kTool, {"--topik", "x"}).errors[0].hint == "did you mean --topic?");
  CHECK(parse_command_line(kTool, {"--versoin"}).errors[0].hint == "did you mean --version?");
  CHECK(parse_command_line(kTool, {"--xyzzyplugh"}).errors[0].hint.empty());
}

TEST_CASE("help and version are known to every command") {
  CHECK(parse_command_line(kTool, {"--help"}).help);
  CHECK(parse_command_line(kTool, {"--version"}).version);
  CHECK(command_help(kTool).find("--bootstrap-server") != std::string::npos);
}

TEST_CASE("no help line is wider than a terminal of 80 columns") {
  for (const Command* c : commands()) {
    std::string text = option_columns(*c);
    size_t start = 0;
    while (start < text.size()) {
      const size_t end = text.find('\n', start);
      const std::string line = text.substr(start, end - start);
      const size_t last_word = line.size() - line.rfind(' ') - 1;  // a word too long for its column cannot be broken
      CHECK_MESSAGE((line.size() <= 80 || last_word > 36), c->name << ": " << line);
      start = end + 1;
    }
  }
}

TEST_CASE("kz.toml fills in the servers that a command line leaves out, and nothing else") {
  const std::string path = std::string(std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp") + "/kz-toml-test-" +
                           std::to_string(std::rand());
  auto write = [&](const char* text) { std::ofstream(path) << text; };
  setenv("KZ_CONFIG", path.c_str(), 1);
  write(
      "context = 'a'\n[contexts.a]\nbootstrap-server = 'h:1'\nzookeeper = 'z:2'\n[contexts.b]\nbootstrap-server = "
      "'i:1'\n");
  auto defaults = configured_defaults(kTool);
  REQUIRE(defaults);
  CHECK(parse_command_line(kTool, {"--list"}, *defaults).parsed.get("bootstrap-server") == "h:1");
  CHECK_FALSE(parse_command_line(kTool, {"--list"}, *defaults).parsed.has("zookeeper"));
  auto given = parse_command_line(kTool, {"--zookeeper", "y:3"}, *defaults).parsed;
  CHECK(given.get("zookeeper") == "y:3");
  CHECK_FALSE(given.has("bootstrap-server"));
  setenv("KZ_CONTEXT", "b", 1);
  CHECK(configured_defaults(kTool)->at("bootstrap-server") == "i:1");
  setenv("KZ_CONTEXT", "nope", 1);
  CHECK_FALSE(configured_defaults(kTool));
  unsetenv("KZ_CONTEXT");
  write("context = 'a'\n[contexts.a]\nbootstrap = 'h:1'\n");
  auto wrong = configured_defaults(kTool);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().find(":3: 'bootstrap' is none of") != std::string::npos);
  write("context = \n");
  CHECK_FALSE(configured_defaults(kTool));
  unsetenv("KZ_CONFIG");
  std::remove(path.c_str());
}
