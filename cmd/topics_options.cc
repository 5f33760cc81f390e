// The option table of kz topics, and what TopicCommandOptions.checkArgs() @ 3.4.0 says of a command line.
#include <algorithm>
#include <sstream>

#include "cmd/topics.h"
#include "core/broker/config_table.h"

namespace kz::cmd {
namespace {

constexpr Option kOptions[] = {
    {.name = "alter", .help = "Change the number of partitions of topics (with --zookeeper: their configuration too)."},
    {.name = "at-min-isr-partitions",
     .help = "With --describe: only partitions whose in-sync replicas are as many as min.insync.replicas."},
    {.name = "bootstrap-server",
     .kind = ArgKind::kString,
     .metavar = "String: server to connect to",
     .help = "The brokers to ask, host:port, several separated by commas."},
    {.name = "command-config",
     .kind = ArgKind::kString,
     .metavar = "String: command config property file",
     .help = "A file of properties for the admin client; with --bootstrap-server."},
    {.name = "config",
     .kind = ArgKind::kString,
     .metavar = "String: name=value",
     .help = "A configuration of the topic to create; may be given several times. Running topics are changed with "
             "kafka-configs.",
     .repeatable = true},
    {.name = "create", .help = "Create a topic."},
    {.name = "delete", .help = "Delete topics."},
    {.name = "delete-config",
     .kind = ArgKind::kString,
     .metavar = "String: name",
     .help = "A configuration to take back from topics; with --alter and --zookeeper only.",
     .repeatable = true},
    {.name = "describe", .help = "Show topics and their partitions."},
    {.name = "disable-rack-aware", .help = "Assign replicas without regard to racks; with --zookeeper."},
    {.name = "exclude-internal", .help = "Leave internal topics out of --list and --describe."},
    {.name = "force", .help = "Accepted for scripts of old; no question is ever asked."},
    {.name = "if-exists", .help = "With --alter, --delete and --describe: do nothing where there is no such topic."},
    {.name = "if-not-exists", .help = "With --create: do nothing when the topic exists."},
    {.name = "list", .help = "List the names of topics."},
    {.name = "partitions",
     .kind = ArgKind::kInt,
     .metavar = "Integer: # of partitions",
     .help = "Partitions of the topic to create (else the broker's default) or the new number with --alter. More "
             "partitions change which partition a key goes to."},
    {.name = "replica-assignment",
     .kind = ArgKind::kString,
     .metavar = "String: broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , "
                "broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
     .help = "Brokers of each partition, by hand."},
    {.name = "replication-factor",
     .kind = ArgKind::kInt,
     .metavar = "Integer: replication factor",
     .help = "Replicas of each partition of the topic to create (else the broker's default)."},
    {.name = "topic",
     .kind = ArgKind::kString,
     .metavar = "String: topic",
     .help = "The topic. Except with --create a regular expression that must match the whole name; a backslash takes "
             "a character's special meaning away."},
    {.name = "topic-id",
     .kind = ArgKind::kString,
     .metavar = "String: topic-id",
     .help = "The id of the topic to describe."},
    {.name = "topics-with-overrides", .help = "With --describe: only topics with a configuration of their own."},
    {.name = "unavailable-partitions", .help = "With --describe: only partitions without a live leader."},
    {.name = "under-min-isr-partitions",
     .help = "With --describe: only partitions with fewer in-sync replicas than min.insync.replicas."},
    {.name = "under-replicated-partitions", .help = "With --describe: only partitions that lack in-sync replicas."},
    {.name = "zookeeper",
     .kind = ArgKind::kString,
     .metavar = "String: hosts",
     .help = "Act on the znodes of a ZooKeeper ensemble instead of asking brokers.",
     .deprecated = "--bootstrap-server"},
};

constexpr const char* kReports[] = {"under-replicated-partitions", "under-min-isr-partitions", "at-min-isr-partitions",
                                    "unavailable-partitions"};

std::string trim(std::string s) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && blank(s.back())) s.pop_back();
  while (!s.empty() && blank(s.front())) s.erase(s.begin());
  return s;
}

// "0:1,1:2": brokers of partition 0, 1...
std::expected<std::map<int32_t, std::vector<int32_t>>, TopicError> parse_assignment(const std::string& text) {
  std::map<int32_t, std::vector<int32_t>> out;
  std::stringstream parts(text);
  std::string part;
  while (std::getline(parts, part, ',')) {
    std::vector<int32_t> brokers;
    std::stringstream ids(part);
    std::string id;
    while (std::getline(ids, id, ':')) {
      id = trim(id);
      char* end = nullptr;
      const long value = std::strtol(id.c_str(), &end, 10);
      if (id.empty() || *end != '\0') {
        return std::unexpected(TopicError{"java.lang.NumberFormatException", "For input string: \"" + id + "\"",
                                          "brokers of a partition are separated by ':', partitions by ','"});
      }
      if (std::find(brokers.begin(), brokers.end(), static_cast<int32_t>(value)) != brokers.end()) {
        return std::unexpected(
            TopicError{"kafka.common.AdminCommandFailedException",
                       "Partition replica lists may not contain duplicate entries: " + std::to_string(value),
                       {}});
      }
      brokers.push_back(static_cast<int32_t>(value));
    }
    const auto index = static_cast<int32_t>(out.size());
    if (!out.empty() && out[0].size() != brokers.size()) {
      return std::unexpected(
          TopicError{"kafka.admin.AdminOperationException",
                     "Partition " + std::to_string(index) + " has different replication factor: " + part,
                     {}});
    }
    out[index] = std::move(brokers);
  }
  return out;
}

// "k=v" items, checked as LogConfig does on the client's side.
std::expected<std::vector<std::pair<std::string, std::string>>, TopicError> parse_configs(
    const std::vector<std::string>& items, Output& out) {
  std::vector<std::pair<std::string, std::string>> configs;
  broker::ConfigMap map;
  for (const std::string& item : items) {
    const size_t eq = item.find('=');
    // Java splits at every '=' and wants two parts; an empty last part does not count.
    if (eq == std::string::npos || item.find('=', eq + 1) != std::string::npos || trim(item.substr(eq + 1)).empty()) {
      return std::unexpected(illegal_argument(
          "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\"."));
    }
    configs.emplace_back(trim(item.substr(0, eq)), trim(item.substr(eq + 1)));
    map[configs.back().first] = configs.back().second;
  }
  if (auto valid = broker::validate_topic_config(map); !valid) {
    return std::unexpected(
        TopicError{"org.apache.kafka.common.errors.InvalidConfigurationException", valid.error(), {}});
  }
  if (auto it = map.find("message.format.version"); it != map.end()) {
    out.line("WARNING: The configuration message.format.version=" + it->second +
             " is specified. This configuration will be ignored if the version is newer than the "
             "inter.broker.protocol.version specified in the broker or if the inter.broker.protocol.version is 3.0 or "
             "newer. This configuration is deprecated and it will be removed in Apache Kafka 4.0.");
  }
  return configs;
}

}  // namespace

TopicError illegal_argument(std::string message, std::string hint_text) {
  return {"java.lang.IllegalArgumentException", std::move(message), std::move(hint_text)};
}

std::span<const Option> topic_option_table() { return kOptions; }

std::string topic_usage_problem(const Parsed& p, bool zookeeper) {
  const auto has = [&](const char* name) { return p.has(name); };
  const auto bracket = [](const std::string& name) { return "\"[" + name + "]\""; };
  const auto clash = [&](const char* used, const std::vector<const char*>& invalid) -> std::string {
    if (!has(used)) return {};
    for (const char* name : invalid) {
      if (has(name)) return "Option " + bracket(used) + " can't be used with option " + bracket(name);
    }
    return {};
  };
  const auto actions_but = [](std::vector<std::string> allowed) {
    std::vector<const char*> out;
    for (const char* a : {"alter", "create", "describe", "list", "delete"}) {
      if (std::find(allowed.begin(), allowed.end(), a) == allowed.end()) out.push_back(a);
    }
    return out;
  };
  const auto missing = [&](const char* name) { return "Missing required argument " + bracket(name); };
  if (has("describe") && has("if-exists") && !has("topic") && !has("topic-id")) {
    return "--topic or --topic-id is required to describe a topic";
  }
  if (!has("list") && !has("describe") && !has("topic")) return missing("topic");
  if (has("create") && zookeeper && !has("replica-assignment")) {
    for (const char* name : {"partitions", "replication-factor"}) {
      if (!has(name)) return missing(name);
    }
  }
  if (has("alter") && !zookeeper) {
    if (has("config")) {
      return "Option combination \"[bootstrap-server],[config]\" can't be used with option \"[alter]\" (the "
             "kafka-configs CLI supports altering topic configs with a --bootstrap-server option)";
    }
    if (!has("partitions")) return missing("partitions");
  }
  std::vector<std::pair<const char*, std::vector<const char*>>> rules = {
      {"config", actions_but({"alter", "create"})},
      {"delete-config", actions_but({"alter"})},
      {"partitions", actions_but({"alter", "create"})},
      {"replication-factor", actions_but({"create"})},
      {"replica-assignment", actions_but({"create", "alter"})},
  };
  if (!zookeeper) rules[1].second.push_back("bootstrap-server");
  if (has("create")) rules.push_back({"replica-assignment", {"partitions", "replication-factor"}});
  for (const char* report : kReports) {
    auto invalid = actions_but({"describe"});
    for (const char* other : kReports) {
      if (other != report) invalid.push_back(other);
    }
    invalid.push_back("topics-with-overrides");
    if (std::string_view(report).ends_with("min-isr-partitions")) invalid.push_back("zookeeper");
    rules.push_back({report, std::move(invalid)});
  }
  auto overrides = actions_but({"describe"});
  overrides.insert(overrides.end(), std::begin(kReports), std::end(kReports));
  rules.push_back({"topics-with-overrides", std::move(overrides)});
  rules.push_back({"if-exists", actions_but({"alter", "delete", "describe"})});
  rules.push_back({"if-not-exists", actions_but({"create"})});
  rules.push_back({"exclude-internal", actions_but({"list", "describe"})});
  for (const auto& [used, invalid] : rules) {
    if (std::string message = clash(used, invalid); !message.empty()) return message;
  }
  return {};
}

std::expected<TopicOptions, TopicError> read_topic_options(const Parsed& p, Output& out) {
  TopicOptions o;
  o.topic = p.maybe("topic");
  o.topic_id = p.maybe("topic-id");
  if (p.has("partitions")) o.partitions = static_cast<int32_t>(p.number("partitions"));
  if (p.has("replication-factor")) o.replication_factor = static_cast<int32_t>(p.number("replication-factor"));
  if (const std::string text = p.get("replica-assignment"); !text.empty()) {
    auto assignment = parse_assignment(text);
    if (!assignment) return std::unexpected(assignment.error());
    o.assignment = std::move(*assignment);
  }
  auto configs = parse_configs(p.all("config"), out);
  if (!configs) return std::unexpected(configs.error());
  o.configs = std::move(*configs);
  for (const std::string& name : p.all("delete-config")) {
    o.delete_configs.push_back(trim(name));
    if (broker::find_topic_key(o.delete_configs.back()) == nullptr) {
      return std::unexpected(TopicError{"org.apache.kafka.common.errors.InvalidConfigurationException",
                                        "Unknown topic config name: " + o.delete_configs.back(),
                                        {}});
    }
  }
  o.if_exists = p.has("if-exists");
  o.if_not_exists = p.has("if-not-exists");
  o.exclude_internal = p.has("exclude-internal");
  o.rack_aware = !p.has("disable-rack-aware");
  o.under_replicated = p.has("under-replicated-partitions");
  o.unavailable = p.has("unavailable-partitions");
  o.under_min_isr = p.has("under-min-isr-partitions");
  o.at_min_isr = p.has("at-min-isr-partitions");
  o.overrides = p.has("topics-with-overrides");
  return o;
}

}  // namespace kz::cmd
