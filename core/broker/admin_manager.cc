#include "core/broker/admin_manager.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/broker/topic_name.h"
#include "core/broker/zk/paths.h"
#include "core/broker/zk/zk_batch.h"

namespace kz::broker {

using kafka::ErrorCode;

struct AdminManager::Creation {
  std::vector<NewTopic> topics;
  std::vector<CreatedTopic> results;
  size_t next = 0;
  bool validate_only = false;
  int32_t timeout_ms = 0;
  CreateDone done;
};

AdminManager::AdminManager(Broker& broker, Controller& controller, ZkPort& zk, Executor& executor, Rng& rng)
    : broker_(broker),
      controller_(controller),
      zk_(zk),
      executor_(executor),
      rng_(rng),
      log_("kafka.server.ZkAdminManager", fmt::format("Admin Manager on Broker {}", broker.id())) {}

AdminManager::~AdminManager() {
  for (Waiter& w : waiters_) executor_.cancel(w.timer);
}

void AdminManager::post(std::move_only_function<void()> work) { executor_.post(alive(std::move(work))); }

// ---- waiting for metadata ----

std::set<std::string> AdminManager::late(const Waiter& waiter) const {
  std::set<std::string> out;
  const MetadataImagePtr image = broker_.image();
  for (const auto& [topic, index] : waiter.with_leader) {
    const PartitionInfo* p = image->partition(topic, index);
    if (!p || p->replicas.empty() || p->leader == kNoLeader) out.insert(topic);
  }
  // Brokers forget a topic before its znodes go. Whoever is told that it is gone may want to make it again at once, so
  // the controller's own deletions are waited for to the end, unless they have to wait for a dead broker.
  const ControllerContext& known = controller_.context();
  for (const std::string& topic : waiter.gone) {
    const bool ending =
        controller_.active() && known.topics.contains(topic) && !known.deletion_ineligible.contains(topic);
    if (image->topic(topic) || ending) out.insert(topic);
  }
  return out;
}

void AdminManager::wait_for(std::vector<std::pair<std::string, int32_t>> with_leader, std::vector<std::string> gone,
                            int32_t timeout_ms, Late done) {
  Waiter waiter;
  waiter.with_leader = std::move(with_leader);
  waiter.gone = std::move(gone);
  waiter.done = std::move(done);
  if (const auto missing = late(waiter); missing.empty() || timeout_ms <= 0) {
    waiter.done(missing);
    return;
  }
  const auto it = waiters_.insert(waiters_.end(), std::move(waiter));
  it->timer = executor_.after(ms(timeout_ms), [this, it] { on_timeout(it); });
}

void AdminManager::on_timeout(std::list<Waiter>::iterator waiter) {
  Waiter w = std::move(*waiter);
  waiters_.erase(waiter);
  w.done(late(w));
}

void AdminManager::on_metadata() {
  std::vector<Waiter> ready;
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (late(*it).empty()) {
      executor_.cancel(it->timer);
      ready.push_back(std::move(*it));
      it = waiters_.erase(it);
    } else {
      ++it;
    }
  }
  for (Waiter& w : ready) w.done({});
}

// ---- creation ----

void AdminManager::create_topics(std::vector<NewTopic> topics, bool validate_only, int32_t timeout_ms,
                                 CreateDone done) {
  auto creation = std::make_shared<Creation>();
  creation->topics = std::move(topics);
  creation->validate_only = validate_only;
  creation->timeout_ms = timeout_ms;
  creation->done = std::move(done);
  post([this, creation] { create_next(creation); });
}

std::expected<Assignments, ApiError> AdminManager::plan(const NewTopic& topic) {
  if (broker_.image()->topic(topic.name)) {
    return std::unexpected(
        ApiError{ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", topic.name)});
  }
  if (!topic.null_configs.empty()) {
    return std::unexpected(
        ApiError{ErrorCode::kInvalidConfig,
                 fmt::format("Null value not supported for topic configs: {}", fmt::join(topic.null_configs, ","))});
  }
  if ((topic.partitions != -1 || topic.replication_factor != -1) && !topic.assignments.empty()) {
    return std::unexpected(ApiError{ErrorCode::kInvalidRequest,
                                    "Both numPartitions or replicationFactor and replicasAssignments were set. Both "
                                    "cannot be used at the same time."});
  }
  if (!topic.assignments.empty()) return topic.assignments;
  const auto config = broker_.configs().current();
  const int32_t partitions = topic.partitions == -1 ? config->num_partitions : topic.partitions;
  const int32_t factor = topic.replication_factor == -1 ? config->default_replication_factor : topic.replication_factor;
  std::vector<AssignmentBroker> brokers;
  const MetadataImagePtr image = broker_.image();
  for (const auto& [id, info] : image->brokers()) brokers.push_back({id, info.rack});
  return assign_replicas(brokers, partitions, factor, rng_);
}

void AdminManager::create_next(std::shared_ptr<Creation> creation) {
  if (creation->next == creation->topics.size()) {
    finish_creation(std::move(creation));
    return;
  }
  const NewTopic& topic = creation->topics[creation->next];
  creation->results.push_back({topic.name, {}, {}, -1, -1});
  auto assignments = plan(topic);
  if (!assignments) {
    creation->results.back().error = std::move(assignments.error());
    ++creation->next;
    create_next(std::move(creation));
    return;
  }
  check_znodes(std::move(creation), std::move(*assignments));
}

void AdminManager::check_znodes(std::shared_ptr<Creation> creation, Assignments assignments) {
  const std::string name = creation->topics[creation->next].name;
  const auto refuse = [this](std::shared_ptr<Creation> c, ErrorCode code, std::string text) {
    c->results.back().error = {code, std::move(text)};
    ++c->next;
    create_next(std::move(c));
  };
  if (const auto problem = topic_name_problem(name)) {
    refuse(std::move(creation), ErrorCode::kInvalidTopicException, *problem);
    return;
  }
  std::vector<ZkRequest> reads;
  reads.push_back(ZkRequest::exists(zkpath::delete_topic(name)));
  reads.push_back(ZkRequest::exists(zkpath::topic(name)));
  const bool risky = name.find_first_of("._") != std::string::npos;
  if (risky) reads.push_back(ZkRequest::children(zkpath::kTopics));
  zk_all(zk_, std::move(reads),
         alive([this, creation, name, risky, refuse,
                assignments = std::move(assignments)](std::vector<ZkResult> r) mutable {
           if (r[0].ok()) {
             refuse(creation, ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' is marked for deletion.", name));
             return;
           }
           if (r[1].ok()) {
             refuse(creation, ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", name));
             return;
           }
           if (r[1].code != ZkCode::kNoNode) {
             refuse(creation, ErrorCode::kUnknownServerError, {});
             return;
           }
           if (risky) {
             std::vector<std::string> colliding;
             for (const std::string& other : r[2].children) {
               if (topic_names_collide(name, other)) colliding.push_back(other);
             }
             if (!colliding.empty()) {
               refuse(creation, ErrorCode::kInvalidTopicException,
                      fmt::format("Topic '{}' collides with existing topics: {}", name, fmt::join(colliding, ", ")));
               return;
             }
           }
           if (ApiError bad = check_assignment(assignments); !bad.ok()) {
             refuse(creation, bad.code, std::move(bad.message));
             return;
           }
           if (auto valid = validate_topic_config(creation->topics[creation->next].configs); !valid) {
             refuse(creation, ErrorCode::kInvalidConfig, std::move(valid.error()));
             return;
           }
           CreatedTopic& result = creation->results.back();
           result.partitions = static_cast<int32_t>(assignments.size());
           result.replication_factor = static_cast<int16_t>(assignments.begin()->second.size());
           if (creation->validate_only) {
             ++creation->next;
             create_next(creation);
           } else {
             write_topic(creation, std::move(assignments));
           }
         }));
}

void AdminManager::write_topic(std::shared_ptr<Creation> creation, Assignments assignments) {
  const NewTopic& topic = creation->topics[creation->next];
  const std::string name = topic.name;
  log_.info("Creating topic {} with configuration {} and initial partition assignment {}", name, topic.configs,
            assignments);
  TopicNode node;
  if (broker_.config().uses_topic_ids()) node.topic_id = kafka::Uuid::random(rng_);
  for (auto& [index, replicas] : assignments) node.partitions[index].replicas = std::move(replicas);
  // The configuration first: whoever sees the topic must find it.
  write_config(
      "topics", name, topic.configs, alive([this, creation, name, node = std::move(node)](ZkCode) mutable {
        zk_.create(zkpath::topic(name), encode_topic(node), ZkMode::kPersistent,
                   alive([this, creation, name, id = node.topic_id](const ZkResult& r) {
                     CreatedTopic& result = creation->results.back();
                     if (r.ok()) {
                       result.id = id;
                     } else if (r.code == ZkCode::kNodeExists) {
                       result.error = {ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", name)};
                     } else {
                       log_.warn("Creating topic {} failed: ZooKeeper answered {}", name, zk_code_name(r.code));
                       result.error = {ErrorCode::kUnknownServerError, {}};
                     }
                     ++creation->next;
                     create_next(creation);
                   }));
      }));
}

void AdminManager::finish_creation(std::shared_ptr<Creation> creation) {
  std::vector<std::pair<std::string, int32_t>> wanted;
  for (const CreatedTopic& r : creation->results) {
    if (!r.error.ok()) continue;
    for (int32_t i = 0; i < r.partitions; ++i) wanted.emplace_back(r.name, i);
  }
  if (creation->validate_only || wanted.empty()) {
    creation->done(std::move(creation->results));
    return;
  }
  const bool no_wait = creation->timeout_ms <= 0;
  wait_for(std::move(wanted), {}, creation->timeout_ms, [creation, no_wait](const std::set<std::string>& missing) {
    for (CreatedTopic& r : creation->results) {
      if (r.error.ok() && (no_wait || missing.contains(r.name))) r.error = {ErrorCode::kRequestTimedOut, {}};
    }
    creation->done(std::move(creation->results));
  });
}

NewTopic AdminManager::auto_topic(const std::string& name) const {
  const KafkaConfig& config = broker_.config();
  NewTopic out;
  out.name = name;
  if (name == kOffsetsTopic) {
    out.partitions = config.offsets_topic_num_partitions;
    out.replication_factor = config.offsets_topic_replication_factor;
    out.configs = {{"cleanup.policy", "compact"},
                   {"segment.bytes", std::to_string(config.offsets_topic_segment_bytes)},
                   {"compression.type", "producer"}};
  } else if (name == kTransactionsTopic) {
    out.partitions = config.transaction_state_log_num_partitions;
    out.replication_factor = config.transaction_state_log_replication_factor;
    out.configs = {{"cleanup.policy", "compact"},
                   {"segment.bytes", std::to_string(config.transaction_state_log_segment_bytes)},
                   {"compression.type", "uncompressed"},
                   {"min.insync.replicas", std::to_string(config.transaction_state_log_min_isr)},
                   {"unclean.leader.election.enable", "false"}};
  } else {
    out.partitions = config.num_partitions;
    out.replication_factor = config.default_replication_factor;
  }
  return out;
}

void AdminManager::auto_create(std::vector<std::string> topics, Done done) {
  post([this, topics = std::move(topics), d = std::move(done)]() mutable {
    std::vector<NewTopic> creatable;
    std::vector<ErrorCode> codes(topics.size(), ErrorCode::kUnknownTopicOrPartition);
    const size_t brokers = broker_.image()->brokers().size();
    for (size_t i = 0; i < topics.size(); ++i) {
      if (!active()) continue;  // another broker is the controller; the client asks again when the topic is there
      if (topic_name_problem(topics[i])) {
        codes[i] = ErrorCode::kInvalidTopicException;
        continue;
      }
      NewTopic topic = auto_topic(topics[i]);
      if (topic.replication_factor > static_cast<int32_t>(brokers)) {
        codes[i] = ErrorCode::kInvalidReplicationFactor;
        const char* key = topics[i] == kOffsetsTopic        ? "offsets.topic.replication.factor"
                          : topics[i] == kTransactionsTopic ? "transaction.state.log.replication.factor"
                                                            : "default.replication.factor";
        log_.error(
            "Number of alive brokers '{}' does not meet the required replication factor '{}' for the topic {} "
            "(configured via '{}'). This error can be ignored if the cluster is starting up and not all brokers "
            "are up yet.",
            brokers, topic.replication_factor, topics[i], key);
        continue;
      }
      if (!auto_creating_.insert(topics[i]).second) continue;
      creatable.push_back(std::move(topic));
    }
    if (creatable.empty()) {
      d(std::move(codes));
      return;
    }
    auto creation = std::make_shared<Creation>();
    creation->topics = std::move(creatable);
    creation->done = [this, topics, codes = std::move(codes),
                      e = std::move(d)](std::vector<CreatedTopic> made) mutable {
      for (const CreatedTopic& one : made) {
        auto_creating_.erase(one.name);
        const auto at = static_cast<size_t>(std::ranges::find(topics, one.name) - topics.begin());
        // The time-out only says that nobody waited.
        const bool there = one.error.ok() || one.error.code == ErrorCode::kRequestTimedOut ||
                           one.error.code == ErrorCode::kTopicAlreadyExists;
        codes[at] = there ? ErrorCode::kNone : one.error.code;
      }
      e(std::move(codes));
    };
    create_next(std::move(creation));
  });
}

// ---- deletion ----

void AdminManager::delete_topics(std::vector<std::string> topics, int32_t timeout_ms, TopicErrorsDone done) {
  post([this, topics = std::move(topics), timeout_ms, d = std::move(done)]() mutable {
    std::vector<ZkRequest> reads;
    for (const std::string& topic : topics) reads.push_back(ZkRequest::exists(zkpath::topic(topic)));
    zk_all(zk_, std::move(reads), alive([this, topics, timeout_ms, e = std::move(d)](std::vector<ZkResult> r) mutable {
             std::vector<ZkRequest> writes;
             std::vector<std::string> marked;
             TopicErrors errors;
             for (size_t i = 0; i < topics.size(); ++i) {
               if (r[i].ok()) {
                 marked.push_back(topics[i]);
                 writes.push_back(ZkRequest::create(zkpath::delete_topic(topics[i])));
               } else {
                 errors[topics[i]] = {ErrorCode::kUnknownTopicOrPartition, {}};
               }
             }
             zk_all(zk_, std::move(writes),
                    alive([this, marked, timeout_ms, errors = std::move(errors),
                           f = std::move(e)](std::vector<ZkResult> w) mutable {
                      std::vector<std::string> waiting;
                      for (size_t i = 0; i < marked.size(); ++i) {
                        // Already marked: several calls may wait for the same deletion.
                        const bool ok = w[i].ok() || w[i].code == ZkCode::kNodeExists;
                        errors[marked[i]] = {ok ? ErrorCode::kNone : ErrorCode::kUnknownServerError, {}};
                        if (ok) waiting.push_back(marked[i]);
                      }
                      const bool no_wait = timeout_ms <= 0;
                      wait_for({}, waiting, timeout_ms,
                               [waiting, no_wait, errors = std::move(errors),
                                g = std::move(f)](const std::set<std::string>& missing) mutable {
                                 for (const std::string& topic : waiting) {
                                   if (no_wait || missing.contains(topic))
                                     errors[topic].code = ErrorCode::kRequestTimedOut;
                                 }
                                 g(std::move(errors));
                               });
                    }));
           }));
  });
}

}  // namespace kz::broker
