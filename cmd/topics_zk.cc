// kz topics --zookeeper: what Kafka 2.x did on the znodes itself. Source: TopicCommand.scala (ZookeeperTopicService),
// AdminZkClient.scala @ 2.7.1.
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "cmd/topics.h"
#include "cmd/zk_login.h"
#include "core/broker/config_table.h"
#include "core/broker/topic_name.h"
#include "core/broker/topic_rules.h"
#include "core/broker/zk/paths.h"
#include "core/broker/zk/payloads.h"
#include "core/client/zk_client.h"

namespace kz::cmd {
namespace {

using broker::TopicNode;
using zk::KeeperCode;
namespace zkpath = broker::zkpath;

// TopicCommand @ 2.7.1 opens its session with 30 s for both.
constexpr int32_t kTimeoutMs = 30000;
constexpr const char* kErrors = "org.apache.kafka.common.errors.";

// The ZooKeeper client with calls that wait, for the tool's own thread.
class ZkSync {
 public:
  ZkSync(ToolRuntime& runtime, const std::string& connect) : runtime_(runtime) {
    runtime_.on_reactor([&] {
      client::ZkClientConfig config;
      config.connect = connect;
      config.session_timeout_ms = kTimeoutMs;
      config.retry_lost = true;
      config.sasl = zk_client_login_of({"KAFKA_OPTS"});
      zk_ = std::make_unique<client::ZkClient>(config, runtime_.connector(), runtime_.executor(), runtime_.rng());
    });
  }
  ~ZkSync() {
    if (!zk_) return;
    runtime_.wait<bool>([&](auto done) {
      zk_->set_listener([done](client::ZkEvent e) {
        if (e == client::ZkEvent::kClosed) done(true);
      });
      zk_->close(ms(1000));
    });
    runtime_.on_reactor([&] { zk_.reset(); });
  }
  // False: no session in time.
  bool connect() {
    return runtime_.wait<bool>([&](auto done) {
      auto once = std::make_shared<bool>(false);
      auto finish = [done, once](bool ok) {
        if (!std::exchange(*once, true)) done(ok);
      };
      zk_->set_bad_peer([this](const std::string& peer, Error, const std::string& bytes) {
        const auto kind = client::recognise_peer(bytes);
        if (kind != client::PeerKind::kUnknown && !std::exchange(hinted_, true)) {
          hint(client::peer_hint(kind, peer, "ZooKeeper"));
        }
      });
      zk_->set_listener([finish](client::ZkEvent e) {
        if (e == client::ZkEvent::kConnected) finish(true);
      });
      runtime_.executor().after(ms(kTimeoutMs), [finish] { finish(false); });
      zk_->start();
    });
  }
  struct Data {
    KeeperCode code = KeeperCode::kOk;
    std::string data;
    zk::Stat stat;
  };
  Data get(const std::string& path) {
    return runtime_.wait<Data>([&](auto done) {
      zk_->get(path, {}, [done](KeeperCode code, std::optional<std::string> data, const zk::Stat& stat) {
        done(Data{code, data.value_or(""), stat});
      });
    });
  }
  std::pair<KeeperCode, std::vector<std::string>> children(const std::string& path) {
    using R = std::pair<KeeperCode, std::vector<std::string>>;
    return runtime_.wait<R>([&](auto done) {
      zk_->children(path, {}, [done](KeeperCode code, std::vector<std::string> names, const zk::Stat&) {
        done(R{code, std::move(names)});
      });
    });
  }
  KeeperCode create(const std::string& path, const std::string& data, int32_t flags = 0) {
    const KeeperCode code = runtime_.wait<KeeperCode>([&](auto done) {
      zk_->create(path, data, zk::open_acl(), flags,
                  [done](KeeperCode c, const std::string&, const zk::Stat&) { done(c); });
    });
    const size_t slash = path.rfind('/');
    if (code != KeeperCode::kNoNode || slash == 0) return code;
    if (KeeperCode parent = create(path.substr(0, slash), "");
        parent != KeeperCode::kOk && parent != KeeperCode::kNodeExists) {
      return parent;
    }
    return runtime_.wait<KeeperCode>([&](auto done) {
      zk_->create(path, data, zk::open_acl(), flags,
                  [done](KeeperCode c, const std::string&, const zk::Stat&) { done(c); });
    });
  }
  KeeperCode set_or_create(const std::string& path, const std::string& data) {
    const KeeperCode code = runtime_.wait<KeeperCode>(
        [&](auto done) { zk_->set(path, data, -1, [done](KeeperCode c, const zk::Stat&) { done(c); }); });
    return code == KeeperCode::kNoNode ? create(path, data) : code;
  }

 private:
  ToolRuntime& runtime_;
  std::unique_ptr<client::ZkClient> zk_;
  bool hinted_ = false;
};

using Step = std::expected<void, TopicError>;

std::unexpected<TopicError> keeper(KeeperCode code, const std::string& path) {
  const std::string name = zk::keeper_code_name(code);
  return std::unexpected(TopicError{
      "org.apache.zookeeper.KeeperException$" + name + "Exception", "KeeperErrorCode = " + name + " for " + path, {}});
}

std::unexpected<TopicError> api_error(const broker::ApiError& e) {
  const std::string text = e.message.empty() ? std::string(kafka::error_message(e.code)) : e.message;
  return std::unexpected(TopicError{std::string(kafka::error_exception(e.code)), text, {}});
}

std::unexpected<TopicError> admin_operation(std::string message) {
  return std::unexpected(TopicError{"kafka.admin.AdminOperationException", std::move(message), {}});
}

class ZkTopics {
 public:
  ZkTopics(ZkSync& zk, const TopicOptions& options, Output& out, Rng& rng)
      : zk_(zk), o_(options), out_(out), rng_(rng) {}

  Step list() {
    auto topics = names();
    if (!topics) return std::unexpected(topics.error());
    for (const auto& t : *topics) out_.line(marked(t) ? t + " - marked for deletion" : t);
    return {};
  }

  Step create() {
    const std::string& name = *o_.topic;
    if (name.find_first_of("._") != std::string::npos) {
      out_.line(
          "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
          "To avoid issues it is best to use either, but not both.");
    }
    broker::Assignments assignment;
    if (o_.assignment.empty()) {
      auto brokers = live_brokers(o_.rack_aware);
      if (!brokers) return std::unexpected(brokers.error());
      auto assigned = broker::assign_replicas(*brokers, *o_.partitions, *o_.replication_factor, rng_);
      if (!assigned) return api_error(assigned.error());
      assignment = std::move(*assigned);
    } else {
      for (const auto& [index, ids] : o_.assignment) assignment[index] = ids;
      if (auto e = broker::check_assignment(assignment); !e.ok()) return api_error(e);
    }
    if (auto e = check_name(name); !e) {
      if (o_.if_not_exists && e.error().exception.ends_with("TopicExistsException")) return {};
      return e;
    }
    broker::ConfigMap configs(o_.configs.begin(), o_.configs.end());
    const std::string config_path = zkpath::config("topics", name);
    if (auto c = zk_.set_or_create(config_path, broker::encode_config(configs)); c != KeeperCode::kOk) {
      return keeper(c, config_path);
    }
    TopicNode node;
    for (const auto& [index, ids] : assignment) node.partitions[index].replicas = ids;
    const KeeperCode code = zk_.create(zkpath::topic(name), broker::encode_topic(node));
    if (code == KeeperCode::kNodeExists) {
      if (o_.if_not_exists) return {};
      return std::unexpected(
          TopicError{std::string(kErrors) + "TopicExistsException", "Topic '" + name + "' already exists.", {}});
    }
    if (code != KeeperCode::kOk) return keeper(code, zkpath::topic(name));
    out_.line("Created topic " + name + ".");
    return {};
  }

  Step remove() {
    auto topics = existing();
    if (!topics) return std::unexpected(topics.error());
    for (const auto& t : *topics) {
      if (t == broker::kOffsetsTopic || t == broker::kTransactionsTopic) {
        return admin_operation("Topic " + t +
                               " is a kafka internal topic and is not allowed to be marked for deletion.");
      }
      const KeeperCode code = zk_.create(zkpath::delete_topic(t), "");
      if (code == KeeperCode::kOk) {
        out_.line("Topic " + t + " is marked for deletion.");
        out_.line("Note: This will have no impact if delete.topic.enable is not set to true.");
      } else if (code == KeeperCode::kNodeExists) {
        out_.line("Topic " + t + " is already marked for deletion.");
      } else {
        return admin_operation("Error while deleting topic " + t);
      }
    }
    return {};
  }

  Step alter() {
    auto topics = existing();
    if (!topics) return std::unexpected(topics.error());
    for (const auto& t : *topics) {
      if (!o_.configs.empty() || !o_.delete_configs.empty()) {
        if (auto ok = alter_configs(t); !ok) return ok;
      }
      if (o_.partitions) {
        if (auto ok = add_partitions(t); !ok) return ok;
      }
    }
    return {};
  }

  Step describe_all() {
    auto topics = existing();
    if (!topics) return std::unexpected(topics.error());
    auto [code, ids] = zk_.children(zkpath::kBrokerIds);
    std::set<BrokerId> live;
    for (const auto& id : ids) live.insert(static_cast<BrokerId>(std::strtol(id.c_str(), nullptr, 10)));
    for (const auto& t : *topics) {
      auto node = topic(t);
      if (!node) {
        out_.line("Topic " + t + " doesn't exist!");
        continue;
      }
      TopicView view;
      view.name = t;
      view.marked_for_deletion = marked(t);
      for (const auto& [k, v] : configs(t)) view.configs.emplace_back(k, v);
      for (const auto& [index, assignment] : node->partitions) {
        TopicView::Partition p{index, std::nullopt, assignment.replicas, {}, std::nullopt};
        const auto data = zk_.get(zkpath::state({t, index}));
        if (auto state = broker::decode_partition_state(data.data, data.stat.version);
            data.code == KeeperCode::kOk && state) {
          if (state->leader >= 0) p.leader = state->leader;
          p.isr = state->isr;
        }
        view.partitions.push_back(std::move(p));
      }
      describe(out_, view, o_, live);
    }
    return {};
  }

 private:
  std::expected<std::vector<std::string>, TopicError> names() {
    auto [code, all] = zk_.children(zkpath::kTopics);
    if (code != KeeperCode::kOk && code != KeeperCode::kNoNode) return keeper(code, zkpath::kTopics);
    return select_topics(all, o_);
  }
  std::expected<std::vector<std::string>, TopicError> existing() {
    auto topics = names();
    if (topics && topics->empty() && o_.topic && !o_.if_exists) {
      return std::unexpected(illegal_argument("Topic '" + *o_.topic + "' does not exist as expected"));
    }
    return topics;
  }
  bool marked(const std::string& t) { return zk_.get(zkpath::delete_topic(t)).code == KeeperCode::kOk; }
  std::optional<TopicNode> topic(const std::string& t) {
    const auto data = zk_.get(zkpath::topic(t));
    auto node = broker::decode_topic(data.data);
    if (data.code != KeeperCode::kOk || !node) return std::nullopt;
    return *node;
  }
  broker::ConfigMap configs(const std::string& t) {
    const auto data = zk_.get(zkpath::config("topics", t));
    auto map = broker::decode_config(data.data);
    return data.code == KeeperCode::kOk && map ? *map : broker::ConfigMap{};
  }

  Step check_name(const std::string& name) {
    if (const auto problem = broker::topic_name_problem(name)) {
      return std::unexpected(TopicError{std::string(kErrors) + "InvalidTopicException", *problem, {}});
    }
    auto [code, all] = zk_.children(zkpath::kTopics);
    std::string collisions;
    for (const auto& other : all) {
      if (other == name) {
        return std::unexpected(
            TopicError{std::string(kErrors) + "TopicExistsException", "Topic '" + name + "' already exists.", {}});
      }
      if (broker::topic_names_collide(name, other)) collisions += (collisions.empty() ? "" : ", ") + other;
    }
    if (!collisions.empty()) {
      return std::unexpected(TopicError{std::string(kErrors) + "InvalidTopicException",
                                        "Topic '" + name + "' collides with existing topics: " + collisions,
                                        {}});
    }
    return {};
  }

  std::expected<std::vector<broker::AssignmentBroker>, TopicError> live_brokers(bool rack_aware) {
    auto [code, ids] = zk_.children(zkpath::kBrokerIds);
    std::vector<broker::AssignmentBroker> brokers;
    size_t racks = 0;
    for (const auto& text : ids) {
      const auto id = static_cast<BrokerId>(std::strtol(text.c_str(), nullptr, 10));
      const auto data = zk_.get(zkpath::broker(id));
      auto node = broker::decode_broker(id, data.data);
      if (data.code != KeeperCode::kOk || !node) continue;
      racks += node->rack.has_value();
      brokers.push_back({id, rack_aware ? node->rack : std::nullopt});
    }
    if (rack_aware && racks != 0 && racks != brokers.size()) {
      return admin_operation(
          "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment "
          "without rack information.");
    }
    std::sort(brokers.begin(), brokers.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return brokers;
  }

  Step alter_configs(const std::string& t) {
    out_.line(
        "WARNING: Altering topic configuration from this script has been deprecated and may be removed in future "
        "releases.");
    out_.line("         Going forward, please use kafka-configs.sh for this functionality");
    broker::ConfigMap map = configs(t);
    for (const auto& [k, v] : o_.configs) map[k] = v;
    for (const auto& k : o_.delete_configs) map.erase(k);
    if (auto valid = broker::validate_topic_config(map); !valid) {
      return std::unexpected(TopicError{std::string(kErrors) + "InvalidConfigurationException", valid.error(), {}});
    }
    const std::string path = zkpath::config("topics", t);
    if (auto c = zk_.set_or_create(path, broker::encode_config(map)); c != KeeperCode::kOk) return keeper(c, path);
    const KeeperCode c = zk_.create(zkpath::kConfigChangePrefix, broker::encode_config_change("topics/" + t),
                                    static_cast<int32_t>(zk::CreateMode::kPersistentSequential));
    if (c != KeeperCode::kOk) return keeper(c, zkpath::kConfigChangePrefix);
    out_.line("Updated config for topic " + t + ".");
    return {};
  }

  Step add_partitions(const std::string& t) {
    if (t == broker::kOffsetsTopic || t == broker::kTransactionsTopic) {
      return std::unexpected(
          illegal_argument("The number of partitions for the internal topic " + t + " cannot be changed."));
    }
    out_.line(
        "WARNING: If partitions are increased for a topic that has a key, the partition logic or ordering of the "
        "messages will be affected");
    auto node = topic(t);
    if (!node || node->partitions.empty()) {
      return std::unexpected(
          TopicError{std::string(kErrors) + "InvalidTopicException", "The topic " + t + " does not exist", {}});
    }
    const auto count = static_cast<int32_t>(node->partitions.size());
    if (*o_.partitions <= count) {
      return std::unexpected(TopicError{std::string(kErrors) + "InvalidPartitionsException",
                                        "The number of partitions for a topic can only be increased. Topic " + t +
                                            " currently has " + std::to_string(count) + " partitions, " +
                                            std::to_string(*o_.partitions) + " would not be an increase.",
                                        {}});
    }
    auto brokers = live_brokers(true);
    if (!brokers) return std::unexpected(brokers.error());
    const auto& first = node->partitions.begin()->second.replicas;
    broker::Assignments added;
    for (const auto& [index, ids] : o_.assignment) {
      if (index >= count) added[index] = ids;
    }
    if (added.empty()) {
      int32_t start = 0;
      while (start < static_cast<int32_t>(brokers->size()) && (*brokers)[static_cast<size_t>(start)].id < first[0])
        ++start;
      if (start == static_cast<int32_t>(brokers->size())) start = 0;
      auto assigned = broker::assign_replicas(*brokers, *o_.partitions - count, static_cast<int32_t>(first.size()),
                                              rng_, start, count);
      if (!assigned) return api_error(assigned.error());
      added = std::move(*assigned);
    } else {
      std::vector<BrokerId> available;
      for (const auto& b : *brokers) available.push_back(b.id);
      if (auto e = broker::check_added_assignment(added, first.size(), available); !e.ok()) return api_error(e);
    }
    for (auto& [index, ids] : added) node->partitions[index].replicas = ids;
    const std::string path = zkpath::topic(t);
    if (auto c = zk_.set_or_create(path, broker::encode_topic(*node)); c != KeeperCode::kOk) return keeper(c, path);
    out_.line("Adding partitions succeeded!");
    return {};
  }

  ZkSync& zk_;
  const TopicOptions& o_;
  Output& out_;
  Rng& rng_;
};

}  // namespace

std::expected<void, TopicError> run_topics_zk(const std::string& connect, const std::string& action,
                                              const TopicOptions& options, Output& out) {
  ToolRuntime runtime;
  ZkSync zk(runtime, connect);
  if (!zk.connect()) {
    return std::unexpected(TopicError{"kafka.zookeeper.ZooKeeperClientTimeoutException",
                                      "Timed out waiting for connection while in state: CONNECTING",
                                      "is a ZooKeeper server running at " + connect + "?"});
  }
  ZkTopics topics(zk, options, out, runtime.rng());
  if (action == "create") return topics.create();
  if (action == "list") return topics.list();
  if (action == "alter") return topics.alter();
  if (action == "describe") return topics.describe_all();
  return topics.remove();
}

}  // namespace kz::cmd
