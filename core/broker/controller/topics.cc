// Topics that appear, grow or are to be led anew. Source: KafkaController.processTopicChange,
// processPartitionModifications, processTopicIds, processReplicaLeaderElection @ 3.4.0.
#include <algorithm>

#include "core/broker/controller/controller.h"
#include "core/broker/zk/paths.h"

namespace kz::broker {

void Controller::process_topic_change(Next next) {
  zk_.children(zkpath::kTopics, true, step([this, n = std::move(next)](ZkResult list) mutable {
                 if (list.code == ZkCode::kSessionExpired) {
                   finish();
                   return;
                 }
                 const std::set<std::string> names(list.children.begin(), list.children.end());
                 std::vector<std::string> deleted;
                 std::vector<std::string> added;
                 for (const auto& [name, topic] : context_.topics) {
                   if (!names.contains(name)) deleted.push_back(name);
                 }
                 std::vector<ZkRequest> reads;
                 for (const std::string& name : names) {
                   if (context_.topics.contains(name)) continue;
                   added.push_back(name);
                   reads.push_back(ZkRequest::get(zkpath::topic(name), true));
                 }
                 for (const std::string& name : deleted) context_.remove_topic(name);
                 zk_all(zk_, std::move(reads), step([this, added, deleted, m = std::move(n)](Results r) mutable {
                          if (lost_session(r)) return;
                          std::map<std::string, TopicNode> nodes;
                          for (size_t i = 0; i < added.size(); ++i) {
                            auto node = r[i].ok() ? decode_topic(r[i].data) : fail(Errc::kNotFound);
                            if (!node) {
                              if (r[i].ok())
                                log_.error("The znode of topic {} cannot be read; the topic is ignored", added[i]);
                              continue;
                            }
                            context_.topics.try_emplace(added[i]);
                            nodes.emplace(added[i], std::move(*node));
                          }
                          if (!added.empty() || !deleted.empty()) {
                            log_.info("New topics: [{}], deleted topics: [{}]", fmt::join(added, ", "),
                                      fmt::join(deleted, ", "));
                          }
                          ensure_topic_ids(std::move(nodes), [this, added, k = std::move(m)]() mutable {
                            std::vector<TopicPartition> partitions;
                            for (const std::string& name : added)
                              std::ranges::move(context_.partitions_of(name), std::back_inserter(partitions));
                            new_partitions(std::move(partitions), std::move(k));
                          });
                        }));
               }));
}

void Controller::ensure_topic_ids(std::map<std::string, TopicNode> topics, Next next) {
  std::vector<ZkOp> ops;
  for (auto& [name, node] : topics) {
    if (config_.uses_topic_ids && node.topic_id.is_zero()) {
      node.topic_id = kafka::Uuid::random(rng_);
      ops.push_back(ZkOp::set(zkpath::topic(name), encode_topic(node)));
    }
    ControllerContext::Topic& topic = context_.topics[name];
    if (config_.uses_topic_ids) topic.id = node.topic_id;
    for (auto& [index, assignment] : node.partitions) topic.partitions[index].assignment = std::move(assignment);
  }
  guarded(std::move(ops), [n = std::move(next)](std::vector<ZkOpResult>) mutable { n(); });
}

void Controller::new_partitions(std::vector<TopicPartition> partitions, Next next) {
  for (const TopicPartition& tp : partitions) {
    ControllerContext::Partition* p = context_.partition(tp);
    p->state = PartitionState::kNew;
    for (const BrokerId id : p->assignment.replicas) p->replicas[id] = ReplicaState::kNew;
  }
  const std::vector<TopicPartition> all = partitions;
  initialize_partitions(std::move(partitions), [this, all, n = std::move(next)]() mutable {
    for (const TopicPartition& tp : all) {
      if (ControllerContext::Partition* p = context_.partition(tp)) {
        for (auto& [id, state] : p->replicas) state = ReplicaState::kOnline;
      }
    }
    n();
  });
}

void Controller::process_partition_change(std::string topic, Next next) {
  zk_.get(zkpath::topic(topic), true, step([this, topic, n = std::move(next)](ZkResult r) mutable {
            const auto known = context_.topics.find(topic);
            auto node = r.ok() ? decode_topic(r.data) : fail(Errc::kNotFound);
            if (!node || known == context_.topics.end()) {
              n();
              return;
            }
            std::vector<TopicPartition> added;
            for (auto& [index, assignment] : node->partitions) {
              if (!known->second.partitions.contains(index)) added.push_back({topic, index});
            }
            if (added.empty()) {
              n();
              return;
            }
            if (context_.queued_for_deletion(topic)) {
              log_.warn("Skipping adding partitions for topic {} since it is currently being deleted", topic);
              TopicNode restored;
              restored.topic_id = known->second.id;
              for (const auto& [index, p] : known->second.partitions) restored.partitions[index] = p.assignment;
              std::vector<ZkOp> ops;
              ops.push_back(ZkOp::set(zkpath::topic(topic), encode_topic(restored)));
              guarded(std::move(ops), [m = std::move(n)](std::vector<ZkOpResult>) mutable { m(); });
              return;
            }
            log_.info("New partitions to be added to topic {}: {}", topic, added.size());
            for (const TopicPartition& tp : added) {
              known->second.partitions[tp.partition].assignment = std::move(node->partitions[tp.partition]);
            }
            new_partitions(std::move(added), std::move(n));
          }));
}

void Controller::process_preferred_election(Next next) {
  zk_.get(
      zkpath::kPreferredElection, true, step([this, n = std::move(next)](ZkResult r) mutable {
        if (!r.ok()) {
          // A get leaves no watch on a missing node.
          zk_.exists(zkpath::kPreferredElection, true, step([m = std::move(n)](const ZkResult&) mutable { m(); }));
          return;
        }
        std::vector<TopicPartition> wanted;
        if (auto list = decode_partition_list(r.data)) {
          for (TopicPartition& tp : *list) {
            const ControllerContext::Partition* p = context_.partition(tp);
            const bool useful = p && p->leadership && !p->assignment.replicas.empty() &&
                                p->leadership->leader != p->assignment.replicas[0] &&
                                !context_.queued_for_deletion(tp.topic);
            if (useful) wanted.push_back(std::move(tp));
          }
        }
        elect_partitions(std::move(wanted), ElectionKind::kPreferred, false, [this, m = std::move(n)](auto) mutable {
          std::vector<ZkOp> ops;
          ops.push_back(ZkOp::remove(zkpath::kPreferredElection));
          guarded(std::move(ops), [this, k = std::move(m)](std::vector<ZkOpResult>) mutable {
            zk_.exists(zkpath::kPreferredElection, true, step([d = std::move(k)](const ZkResult&) mutable { d(); }));
          });
        });
      }));
}

void Controller::elect_leaders(bool unclean, std::vector<TopicPartition> partitions, bool all, ElectDone done) {
  post([this, unclean, partitions = std::move(partitions), all, d = std::move(done)]() mutable {
    std::map<TopicPartition, kafka::ErrorCode> refused;
    if (!active()) {
      for (const TopicPartition& tp : partitions) refused[tp] = kafka::ErrorCode::kNotController;
      d(std::move(refused));
      return;
    }
    enqueue({}, [this, unclean, partitions = std::move(partitions), all, e = std::move(d)]() mutable {
      std::map<TopicPartition, kafka::ErrorCode> out;
      std::vector<TopicPartition> wanted;
      for (TopicPartition& tp : all ? context_.all_partitions() : std::move(partitions)) {
        const ControllerContext::Partition* p = context_.partition(tp);
        if (!p || !p->leadership || context_.queued_for_deletion(tp.topic)) {
          if (!all) out[tp] = kafka::ErrorCode::kUnknownTopicOrPartition;
          continue;
        }
        const BrokerId leader = p->leadership->leader;
        const bool needed = unclean ? leader == kNoLeader || !context_.live.contains(leader)
                                    : !p->assignment.replicas.empty() && leader != p->assignment.replicas[0];
        if (needed) {
          wanted.push_back(tp);
        } else if (!all) {
          out[tp] = kafka::ErrorCode::kElectionNotNeeded;
        }
      }
      elect_partitions(std::move(wanted), unclean ? ElectionKind::kOffline : ElectionKind::kPreferred, unclean,
                       [this, out = std::move(out), f = std::move(e)](auto results) mutable {
                         out.merge(results);
                         f(std::move(out));
                         finish();
                       });
    });
  });
}

void Controller::unclean_election_enabled(std::string topic) {
  post([this, topic = std::move(topic)]() mutable {
    active_event({}, [this, topic = std::move(topic)] {
      std::vector<TopicPartition> candidates =
          topic.empty() ? context_.all_partitions() : context_.partitions_of(topic);
      trigger_online_of(std::move(candidates), [this] { finish(); });
    });
  });
}

}  // namespace kz::broker
