#include "cmd/topics.h"

#include <memory>

#include "cmd/command_line.h"
#include "cmd/logging.h"
#include "core/client/zk_client.h"

namespace kz::cmd {
namespace {

using client::AdminError;
using client::AdminResult;

constexpr const char* kActions[] = {"create", "list", "alter", "describe", "delete"};
TopicError from(const AdminError& e) { return {e.exception, e.message, {}}; }

int print_error(Output& out, const TopicError& e) {
  out.line("Error while executing topic command : " + e.message);
  const int status = finish_output(out, 1);
  log::Logger("kafka.admin.TopicCommand$").error("{}{}{}\n", e.exception, e.message.empty() ? "" : ": ", e.message);
  if (!e.hint.empty()) hint(e.hint);
  return status;
}

// The API generation: each step is one admin call, in the order of the original.
class ApiTopics {
 public:
  ApiTopics(ToolRuntime& runtime, client::Admin& admin, const TopicOptions& options, Output& out)
      : runtime_(runtime), admin_(admin), o_(options), out_(out) {}

  std::expected<void, TopicError> create() {
    const std::string& name = *o_.topic;
    if (name.find_first_of("._") != std::string::npos) {
      out_.line(
          "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
          "To avoid issues it is best to use either, but not both.");
    }
    if (o_.replication_factor && (*o_.replication_factor > INT16_MAX || *o_.replication_factor < 1)) {
      return std::unexpected(illegal_argument("The replication factor must be between 1 and 32767 inclusive"));
    }
    if (o_.partitions && *o_.partitions < 1)
      return std::unexpected(illegal_argument("The partitions must be greater than 0"));
    client::NewTopic topic;
    topic.name = name;
    topic.partitions = o_.partitions.value_or(-1);
    topic.replication_factor = static_cast<int16_t>(o_.replication_factor.value_or(-1));
    topic.assignment = o_.assignment;
    topic.configs = o_.configs;
    auto result = call<void>([&](auto done) { admin_.create_topic(topic, std::move(done)); });
    if (result) {
      out_.line("Created topic " + name + ".");
    } else if (!o_.if_not_exists || result.error().code != kafka::ErrorCode::kTopicAlreadyExists) {
      return std::unexpected(from(result.error()));
    }
    return {};
  }

  std::expected<void, TopicError> list() {
    auto topics = names();
    if (!topics) return std::unexpected(topics.error());
    std::string text;
    for (const auto& t : *topics) text += (text.empty() ? "" : "\n") + t;
    out_.line(text);
    return {};
  }

  std::expected<void, TopicError> alter() {
    auto topics = existing_names();
    if (!topics) return std::unexpected(topics.error());
    if (topics->empty()) return {};
    std::vector<client::NewPartitions> wanted;
    std::map<std::string, client::TopicInfo> infos;
    if (!o_.assignment.empty()) {
      auto described = call<std::map<std::string, client::TopicInfo>>(
          [&](auto done) { admin_.describe_topics(*topics, std::move(done)); });
      if (!described) return std::unexpected(from(described.error()));
      infos = std::move(*described);
    }
    for (const auto& name : *topics) {
      client::NewPartitions n{name, *o_.partitions, std::nullopt};
      if (!o_.assignment.empty()) {
        auto& added = n.assignment.emplace();
        const auto first = static_cast<int32_t>(infos[name].partitions.size());
        for (const auto& [index, brokers] : o_.assignment) {
          if (index >= first) added.push_back(brokers);
        }
      }
      wanted.push_back(std::move(n));
    }
    auto result = call<void>([&](auto done) { admin_.create_partitions(wanted, std::move(done)); });
    if (!result) return std::unexpected(from(result.error()));
    return {};
  }

  std::expected<void, TopicError> remove() {
    auto topics = existing_names();
    if (!topics) return std::unexpected(topics.error());
    if (topics->empty()) return {};
    auto result = call<void>([&](auto done) { admin_.delete_topics(*topics, std::move(done)); });
    if (!result) return std::unexpected(from(result.error()));
    return {};
  }

  std::expected<void, TopicError> describe_all() {
    auto selected = o_.topic_id && *o_.topic_id != "AAAAAAAAAAAAAAAAAAAAAA" ? by_id() : existing_names();
    if (!selected) return std::unexpected(selected.error());
    if (selected->empty()) return {};
    auto infos = call<std::map<std::string, client::TopicInfo>>(
        [&](auto done) { admin_.describe_topics(*selected, std::move(done)); });
    if (!infos) return std::unexpected(from(infos.error()));
    using Configs = std::map<std::string, std::vector<client::ConfigEntry>>;
    auto configs = call<Configs>([&](auto done) { admin_.describe_topic_configs(*selected, std::move(done)); });
    if (!configs) return std::unexpected(from(configs.error()));
    auto cluster = call<client::ClusterDescription>([&](auto done) { admin_.describe_cluster(std::move(done)); });
    if (!cluster) return std::unexpected(from(cluster.error()));
    std::set<BrokerId> live;
    for (const auto& n : cluster->nodes) live.insert(n.id);
    std::vector<client::TopicPartition> partitions;
    for (const auto& [name, info] : *infos) {
      for (const auto& [index, p] : info.partitions) partitions.push_back({name, index});
    }
    using Moves = std::map<client::TopicPartition, client::Reassignment>;
    auto moves = call<Moves>([&](auto done) { admin_.list_reassignments(partitions, std::move(done)); });
    if (!moves) return std::unexpected(from(moves.error()));
    for (const auto& [name, info] : *infos) describe(out_, view(name, info, (*configs)[name], *moves), o_, live);
    return {};
  }

 private:
  template <class T, class Start>
  AdminResult<T> call(Start start) {
    return runtime_.wait<AdminResult<T>>([&](auto done) { start(client::AdminDone<T>(std::move(done))); });
  }

  std::expected<std::vector<std::string>, TopicError> names() {
    auto all = call<std::map<std::string, client::TopicInfo>>([&](auto done) { admin_.list_topics(std::move(done)); });
    if (!all) return std::unexpected(from(all.error()));
    listed_ = std::move(*all);
    std::vector<std::string> out;
    for (const auto& [name, info] : listed_) out.push_back(name);
    return select_topics(out, o_);
  }

  std::expected<std::vector<std::string>, TopicError> existing_names() {
    auto topics = names();
    if (topics && topics->empty() && o_.topic && !o_.if_exists) {
      return std::unexpected(illegal_argument("Topic '" + *o_.topic + "' does not exist as expected"));
    }
    return topics;
  }

  std::expected<std::vector<std::string>, TopicError> by_id() {
    if (o_.topic) {
      out_.line(
          "Only topic id will be used when both --topic and --topic-id are specified and topicId is not "
          "Uuid.ZERO_UUID");
    }
    TopicOptions all = o_;
    auto listed = names();
    if (!listed && !listed_.empty()) listed = std::vector<std::string>{};
    if (!listed) return listed;
    for (const auto& [name, info] : listed_) {
      if (info.id.to_string() == *o_.topic_id) return std::vector<std::string>{name};
    }
    if (o_.if_exists) return std::vector<std::string>{};
    return std::unexpected(illegal_argument("TopicId '" + *o_.topic_id + "' does not exist as expected"));
  }

  static TopicView view(const std::string& name, const client::TopicInfo& info,
                        const std::vector<client::ConfigEntry>& configs,
                        const std::map<client::TopicPartition, client::Reassignment>& moves) {
    TopicView v;
    v.name = name;
    v.id = info.id;
    for (const auto& [index, p] : info.partitions) {
      TopicView::Partition part{index, std::nullopt, p.replicas, p.isr, std::nullopt};
      if (p.leader >= 0) part.leader = p.leader;
      if (auto it = moves.find({name, index}); it != moves.end()) part.reassignment = it->second;
      v.partitions.push_back(std::move(part));
    }
    for (const auto& c : configs) {
      if (c.name == "min.insync.replicas" && c.value) v.min_isr = std::strtoll(c.value->c_str(), nullptr, 10);
      if (!c.is_default) v.configs.emplace_back(c.name, c.value.value_or("null"));
    }
    return v;
  }

  ToolRuntime& runtime_;
  client::Admin& admin_;
  const TopicOptions& o_;
  Output& out_;
  std::map<std::string, client::TopicInfo> listed_;
};

int run_api(const std::string& servers, const Parsed& parsed, const std::string& action, Output& out) {
  ClientConfig config(ClientKind::kAdmin);
  if (const std::string file = parsed.get("command-config"); !file.empty()) {
    if (auto loaded = config.load(file); !loaded) return report(loaded.error());
  }
  config.set("bootstrap.servers", servers);
  config.set_default("client.id", "adminclient-1");
  if (auto ok = config.check(); !ok) return report(ok.error());
  auto bootstrap = config.bootstrap();
  if (!bootstrap) {
    return report({"org.apache.kafka.common.KafkaException", "Failed to create new KafkaAdminClient",
                   bootstrap.error().exception + ": " + bootstrap.error().message, bootstrap.error().hint});
  }
  const auto options = read_topic_options(parsed, out);
  if (!options) return print_error(out, options.error());

  ToolRuntime runtime(connector_options(config));
  std::unique_ptr<client::KafkaClient> kafka;
  std::unique_ptr<client::Admin> admin;
  std::string peer;  // what answers where a broker should; the reactor's until the end
  runtime.on_reactor([&] {
    kafka = std::make_unique<client::KafkaClient>(
        config.client_config("AdminClient clientId=" + config.text("client.id"), *bootstrap), runtime.connector(),
        runtime.executor(), runtime.rng());
    runtime.watch_peers(*kafka, [&](std::string hint) {
      peer = std::move(hint);
      admin->give_up();
    });
    admin = std::make_unique<client::Admin>(*kafka, config.number32("default.api.timeout.ms"));
  });
  ApiTopics topics(runtime, *admin, *options, out);
  std::expected<void, TopicError> result;
  if (action == "create") {
    result = topics.create();
  } else if (action == "list") {
    result = topics.list();
  } else if (action == "alter") {
    result = topics.alter();
  } else if (action == "describe") {
    result = topics.describe_all();
  } else {
    result = topics.remove();
  }
  runtime.on_reactor([&] {
    admin.reset();
    runtime.forget_peers();
    kafka.reset();
  });
  if (!result && result.error().hint.empty()) result.error().hint = std::move(peer);
  return result ? finish_output(out, 0) : print_error(out, result.error());
}

int run_zk(const std::string& connect, const Parsed& parsed, const std::string& action, Output& out) {
  if (auto where = client::parse_zk_connect(connect); !where) {
    return report({"java.lang.IllegalArgumentException",
                   "A HostProvider may not be empty!",
                   {},
                   "--zookeeper takes host:port[,host:port...][/chroot]"});
  }
  const auto options = read_topic_options(parsed, out);
  if (!options) return print_error(out, options.error());
  const auto result = run_topics_zk(connect, action, *options, out);
  return result ? finish_output(out, 0) : print_error(out, result.error());
}

int run(const Invocation& invocation, const Parsed& parsed) {
  start_tool_logging();
  if (invocation.args.empty()) {
    return usage_and_die(kTopicsCommand, "Create, delete, describe, or change a topic.");
  }
  std::string action;
  for (const char* name : kActions) {
    if (!parsed.has(name)) continue;
    if (!action.empty()) action = "?";
    if (action.empty()) action = name;
  }
  if (action.empty() || action == "?") {
    return usage_and_die(kTopicsCommand,
                         "Command must include exactly one action: --list, --describe, --create, --alter or --delete");
  }
  if (parsed.has("bootstrap-server") && parsed.has("zookeeper")) {
    return report({"java.lang.IllegalArgumentException",
                   "Only one of --bootstrap-server or --zookeeper must be specified",
                   {},
                   {}});
  }
  const std::string brokers = parsed.has("zookeeper") ? "" : parsed.get("bootstrap-server");
  const std::string connect = brokers.empty() ? parsed.get("zookeeper") : "";
  if (brokers.empty() && connect.empty()) {
    return report({"java.lang.IllegalArgumentException",
                   "--bootstrap-server must be specified",
                   {},
                   "for example --bootstrap-server localhost:9092"});
  }
  if (std::string problem = topic_usage_problem(parsed, brokers.empty()); !problem.empty()) {
    return usage_and_die(kTopicsCommand, problem);
  }
  Output out;
  return brokers.empty() ? run_zk(connect, parsed, action, out) : run_api(brokers, parsed, action, out);
}

}  // namespace

const Command kTopicsCommand{
    .name = "topics",
    .aliases = {"kafka-topics", "kafka-topics.sh", "kafka.admin.TopicCommand"},
    .summary = "create, list, describe, change and delete topics",
    .synopsis = "--bootstrap-server HOSTS (--create | --list | --describe | --alter | --delete) [--topic NAME] ...",
    .description =
        "Asks the brokers named by --bootstrap-server, or acts on the znodes named by --zookeeper as Kafka 2.x did. "
        "Prints what Apache's kafka-topics.sh prints; status 1 after any error.",
    .options = topic_option_table(),
    .grammar = Grammar::kJoptUncaught,
    .run = run};

}  // namespace kz::cmd
