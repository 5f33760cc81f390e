// kz topics: create, list, describe, alter and delete topics. Source of behaviour: TopicCommand.scala @ 3.4.0, 2.7.1.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cmd/client_support.h"
#include "cmd/command.h"
#include "cmd/java_regex.h"
#include "core/client/admin.h"

namespace kz::cmd {

extern const Command kTopicsCommand;

// An exception of the original that its main() catches: printed as "Error while executing topic command : ...".
struct TopicError {
  std::string exception;  // full class name
  std::string message;
  std::string hint;
};

// The command line, checked.
struct TopicOptions {
  std::optional<std::string> topic;
  std::optional<std::string> topic_id;
  std::optional<int32_t> partitions;
  std::optional<int32_t> replication_factor;
  std::map<int32_t, std::vector<int32_t>> assignment;
  std::vector<std::pair<std::string, std::string>> configs;
  std::vector<std::string> delete_configs;
  bool if_exists = false;
  bool if_not_exists = false;
  bool exclude_internal = false;
  bool rack_aware = true;
  bool under_replicated = false, unavailable = false, under_min_isr = false, at_min_isr = false, overrides = false;
};

std::span<const Option> topic_option_table();
// The message of a usage error, or empty.
std::string topic_usage_problem(const Parsed& parsed, bool zookeeper);
// Parses and checks the values; warnings of the original go to out.
std::expected<TopicOptions, TopicError> read_topic_options(const Parsed& parsed, Output& out);
TopicError illegal_argument(std::string message, std::string hint_text = {});

// A topic as --describe shows it, from either source.
struct TopicView {
  struct Partition {
    int32_t id = 0;
    std::optional<BrokerId> leader;
    std::vector<BrokerId> replicas, isr;
    std::optional<client::Reassignment> reassignment;
  };
  std::string name;
  kafka::Uuid id;
  std::vector<Partition> partitions;                         // sorted
  std::vector<std::pair<std::string, std::string>> configs;  // not default
  std::optional<int64_t> min_isr;                            // none: not known (--zookeeper)
  bool marked_for_deletion = false;
};
void describe(Output& out, const TopicView& topic, const TopicOptions& options, const std::set<BrokerId>& live);

// --topic as a filter: a regular expression that must match the whole name; "a,b" is "a|b". Error: the exception.
class TopicFilter {
 public:
  static std::expected<TopicFilter, TopicError> parse(const std::optional<std::string>& expression);
  bool allows(const std::string& topic, bool exclude_internal) const;

 private:
  std::string text_;
  std::optional<JavaRegex> regex_;
};
std::expected<std::vector<std::string>, TopicError> select_topics(const std::vector<std::string>& all,
                                                                  const TopicOptions& options);

// The --zookeeper generation (topics_zk.cc). action: "list", "create"...
std::expected<void, TopicError> run_topics_zk(const std::string& connect, const std::string& action,
                                              const TopicOptions& options, Output& out);

}  // namespace kz::cmd
