#include "core/client/group_member.h"

#include <algorithm>

#include "core/kafka/message/find_coordinator.h"
#include "core/kafka/message/heartbeat.h"

namespace kz::client {

using kafka::ErrorCode;

GroupMember::GroupMember(KafkaClient& client, GroupConfig config, Callbacks callbacks)
    : client_(client),
      config_(std::move(config)),
      callbacks_(std::move(callbacks)),
      log_("org.apache.kafka.clients.consumer.internals.ConsumerCoordinator", client.config().log_prefix) {}

GroupMember::~GroupMember() {
  *alive_ = false;
  client_.executor().cancel(heartbeat_timer_);
  client_.executor().cancel(retry_timer_);
}

// KIP-429: partitions are kept over a rebalance only when every strategy on offer knows how to.
bool GroupMember::cooperative() const {
  return std::all_of(config_.strategies.begin(), config_.strategies.end(),
                     [](Strategy s) { return s == Strategy::kCooperativeSticky; });
}

void GroupMember::subscribe(std::set<std::string> topics) {
  if (state_ != State::kIdle && topics == topics_) return;
  topics_ = std::move(topics);
  if (state_ == State::kIdle || state_ == State::kStable) {
    rejoin("the subscription changed");
  } else {
    rejoin_needed_ = true;
  }
}

// ---- coordinator ----

void GroupMember::with_coordinator(std::function<void(BrokerId)> fn) {
  if (coordinator_ >= 0) return fn(coordinator_of(coordinator_));
  waiting_.push_back(std::move(fn));
  find_coordinator();
}

void GroupMember::lose_coordinator() { coordinator_ = -1; }

void GroupMember::find_coordinator() {
  if (finding_) return;
  finding_ = true;
  const auto again = [this, alive = alive_] {
    client_.executor().after(ms(config_.retry_backoff_ms), [this, alive] {
      if (!*alive) return;
      finding_ = false;
      find_coordinator();
    });
  };
  const BrokerId node = client_.pick_node();
  if (node == kLeastLoaded || !client_.has_metadata()) {
    if (!client_.has_metadata()) client_.request_metadata();
    return again();
  }
  client_.send_made<kafka::FindCoordinatorRequest, kafka::FindCoordinatorResponse>(
      node,
      [group = config_.group_id](int16_t version) {
        kafka::FindCoordinatorRequest request;
        if (version >= 4) {
          request.coordinator_keys.push_back(group);
        } else {
          request.key = group;
        }
        return request;
      },
      {},
      [this, alive = alive_, again](Result<kafka::FindCoordinatorResponse> response, int16_t version) {
        if (!*alive) return;
        if (!response) return again();
        kafka::FindCoordinatorResponse::Coordinator c;
        if (version >= 4 && !response->coordinators.empty()) {
          c = response->coordinators[0];
        } else {
          c = {"", response->node_id, response->host, response->port, response->error_code, response->error_message};
        }
        if (c.error_code == ErrorCode::kGroupAuthorizationFailed) {
          finding_ = false;
          return fail(c.error_code);
        }
        if (c.error_code != ErrorCode::kNone || !client_.cluster().nodes.contains(c.node_id)) {
          client_.request_metadata();
          return again();
        }
        finding_ = false;
        coordinator_ = c.node_id;
        last_heartbeat_ = now();
        log_.info("Discovered group coordinator {}:{} (id: {} rack: null)", c.host, c.port,
                  coordinator_of(coordinator_));
        auto waiting = std::move(waiting_);
        waiting_.clear();
        for (auto& fn : waiting) {
          if (coordinator_ >= 0) {
            fn(coordinator_of(coordinator_));
          } else {
            waiting_.push_back(std::move(fn));
          }
        }
      });
}

// ---- join and sync ----

void GroupMember::rejoin(const char* reason) {
  if (state_ == State::kLeaving) return;
  if (state_ == State::kPreparing || state_ == State::kJoining || state_ == State::kSyncing) {
    rejoin_needed_ = true;
    return;
  }
  log_.info("Request joining group due to: {}", reason);
  const bool first = state_ == State::kIdle;
  state_ = State::kPreparing;
  rejoin_needed_ = false;
  client_.executor().cancel(std::exchange(heartbeat_timer_, 0));
  auto go = [this, alive = alive_] {
    if (!*alive || state_ != State::kPreparing) return;
    if (!cooperative() && !owned_.empty()) {
      // Eager: everything is given up first; what it was is still told to sticky assignors.
      callbacks_.assigned({});
    }
    join();
  };
  if (first) return go();
  callbacks_.before_rebalance(std::move(go));
}

void GroupMember::retry_join() {
  client_.executor().cancel(retry_timer_);
  state_ = State::kPreparing;
  retry_timer_ = client_.executor().after(ms(config_.retry_backoff_ms), [this] {
    retry_timer_ = 0;
    if (state_ == State::kPreparing) join();
  });
}

void GroupMember::forget_member() {
  generation_ = -1;
  if (!config_.instance_id) member_id_.clear();
  // Somebody else may own these by now.
  if (!owned_.empty()) {
    owned_.clear();
    callbacks_.assigned({});
  }
}

void GroupMember::join() {
  state_ = State::kJoining;
  const uint64_t round = ++epoch_;
  with_coordinator([this, round](BrokerId node) {
    if (round != epoch_ || state_ != State::kJoining) return;
    kafka::JoinGroupRequest request;
    request.group_id = config_.group_id;
    request.session_timeout_ms = config_.session_timeout_ms;
    request.rebalance_timeout_ms = config_.rebalance_timeout_ms;
    request.member_id = member_id_;
    request.group_instance_id = config_.instance_id;
    request.protocol_type = "consumer";
    const std::vector<std::string> topics(topics_.begin(), topics_.end());
    for (Strategy s : config_.strategies) {
      request.protocols.push_back({std::string(strategy_name(s)), member_metadata(s, topics, owned_, generation_)});
    }
    // The answer comes when all members have joined, so the wait is theirs.
    SendOptions options;
    options.timeout_ms = std::max(client_.config().request_timeout_ms, config_.rebalance_timeout_ms + 5000);
    if (!config_.instance_id) {
      options.min_version = 0;
    } else {
      options.min_version = 5;
    }
    client_.send<kafka::JoinGroupRequest, kafka::JoinGroupResponse>(
        node, std::move(request), options,
        [this, alive = alive_, round](Result<kafka::JoinGroupResponse> response, int16_t) {
          if (*alive && round == epoch_) on_join(std::move(response));
        });
  });
}

void GroupMember::on_join(Result<kafka::JoinGroupResponse> response) {
  if (state_ != State::kJoining) return;
  if (!response) {
    lose_coordinator();
    return retry_join();
  }
  if (response->error_code == ErrorCode::kMemberIdRequired) {
    member_id_ = response->member_id;
    return join();
  }
  if (response->error_code != ErrorCode::kNone) {
    if (!on_group_error(response->error_code)) fail(response->error_code);
    return;
  }
  member_id_ = response->member_id;
  generation_ = response->generation_id;
  leader_ = response->leader == member_id_;
  state_ = State::kSyncing;
  log_.info("Successfully joined group with generation Generation{{generationId={}, memberId='{}', protocol='{}'}}",
            generation_, member_id_, response->protocol_name.value_or(""));
  if (leader_ && !response->skip_assignment) return lead(*response);
  sync(response->protocol_name.value_or(""), {});
}

// The leader knows all subscriptions; it needs the partition counts of all their topics before it can assign.
void GroupMember::lead(const kafka::JoinGroupResponse& response) {
  const auto strategy = strategy_from_name(response.protocol_name.value_or(""));
  if (!strategy) {
    return callbacks_.failed("java.lang.IllegalStateException", "Coordinator selected invalid assignment protocol: " +
                                                                    response.protocol_name.value_or("null"));
  }
  std::vector<GroupMemberInfo> members;
  group_topics_.clear();
  for (const auto& m : response.members) {
    auto info = read_member(*strategy, m.member_id, m.group_instance_id, m.metadata);
    if (!info) info = GroupMemberInfo{m.member_id, m.group_instance_id, {}, {}, -1};
    group_topics_.insert(info->topics.begin(), info->topics.end());
    members.push_back(std::move(*info));
  }
  bool known = true;
  for (const auto& topic : group_topics_) known = known && client_.cluster().topics.contains(topic);
  if (known) return assign(response, std::move(members), *strategy);
  on_known_ = [this, response, members = std::move(members), strategy = *strategy, round = epoch_] {
    if (round == epoch_ && state_ == State::kSyncing) assign(response, members, strategy);
  };
  for (const auto& topic : group_topics_) client_.add_topic(topic);
}

void GroupMember::assign(const kafka::JoinGroupResponse& response, std::vector<GroupMemberInfo> members,
                         Strategy strategy) {
  assigned_from_.clear();
  for (const auto& topic : group_topics_) {
    const TopicInfo* info = client_.cluster().topic(topic);
    const auto count = info == nullptr ? 0 : static_cast<int32_t>(info->partitions.size());
    assigned_from_[topic] = count;
  }
  const GroupAssignment assignment = assign_partitions(strategy, members, assigned_from_);
  std::vector<kafka::SyncGroupRequest::SyncGroupRequestAssignment> out;
  for (const auto& [member, list] : assignment) {
    std::map<std::string, std::vector<int32_t>> by_topic;
    for (const auto& tp : list) by_topic[tp.topic].push_back(tp.partition);
    kafka::ConsumerProtocolAssignment a;
    for (auto& [topic, indexes] : by_topic) a.assigned_partitions.push_back({topic, std::move(indexes)});
    out.push_back({member, kafka::encode_assignment(a)});
  }
  sync(response.protocol_name.value_or(""), std::move(out));
}

void GroupMember::sync(std::string protocol,
                       std::vector<kafka::SyncGroupRequest::SyncGroupRequestAssignment> assignments) {
  const uint64_t round = epoch_;
  with_coordinator([this, round, protocol = std::move(protocol), assignments = std::move(assignments)](BrokerId node) {
    if (round != epoch_ || state_ != State::kSyncing) return;
    kafka::SyncGroupRequest request;
    request.group_id = config_.group_id;
    request.generation_id = generation_;
    request.member_id = member_id_;
    request.group_instance_id = config_.instance_id;
    request.protocol_type = "consumer";
    request.protocol_name = protocol;
    request.assignments = assignments;
    SendOptions options;
    options.timeout_ms = std::max(client_.config().request_timeout_ms, config_.rebalance_timeout_ms + 5000);
    client_.send<kafka::SyncGroupRequest, kafka::SyncGroupResponse>(
        node, std::move(request), options,
        [this, alive = alive_, round](Result<kafka::SyncGroupResponse> response, int16_t) {
          if (*alive && round == epoch_) on_sync(std::move(response));
        });
  });
}

void GroupMember::on_sync(Result<kafka::SyncGroupResponse> response) {
  if (state_ != State::kSyncing) return;
  if (!response) {
    lose_coordinator();
    return retry_join();
  }
  if (response->error_code != ErrorCode::kNone) {
    if (!on_group_error(response->error_code)) fail(response->error_code);
    return;
  }
  std::vector<TopicPartition> assigned;
  if (!response->assignment.empty()) {
    auto decoded = kafka::decode_assignment(response->assignment);
    if (!decoded) return callbacks_.failed("org.apache.kafka.common.errors.SchemaException", "malformed assignment");
    for (const auto& t : decoded->assigned_partitions) {
      for (int32_t p : t.partitions) assigned.push_back({t.topic, p});
    }
  }
  std::sort(assigned.begin(), assigned.end());
  state_ = State::kStable;
  last_heartbeat_ = now();
  arm_heartbeat(config_.heartbeat_interval_ms);
  // Cooperative: what was taken from us is free only now, so the group has to come together once more.
  bool revoked = false;
  for (const auto& tp : owned_) revoked |= !std::binary_search(assigned.begin(), assigned.end(), tp);
  const bool again = cooperative() && revoked;
  owned_ = assigned;
  auto alive = alive_;
  callbacks_.assigned(owned_);
  if (!*alive) return;
  if (again || rejoin_needed_) return rejoin(again ? "need to revoke partitions and re-join" : "changes while joining");
  on_metadata();  // what came between the assignment and now
}

void GroupMember::on_metadata() {
  if (on_known_) {
    auto fn = std::exchange(on_known_, nullptr);
    return fn();
  }
  if (!leader_ || state_ != State::kStable) return;
  for (const auto& [topic, count] : assigned_from_) {
    const TopicInfo* info = client_.cluster().topic(topic);
    const auto today = info == nullptr ? 0 : static_cast<int32_t>(info->partitions.size());
    if (today != count) return rejoin("cached metadata has changed");
  }
}

// ---- heartbeats and errors ----

void GroupMember::arm_heartbeat(int32_t delay_ms) {
  client_.executor().cancel(heartbeat_timer_);
  heartbeat_timer_ = client_.executor().after(ms(delay_ms), [this] {
    heartbeat_timer_ = 0;
    heartbeat();
  });
}

void GroupMember::heartbeat() {
  if (state_ != State::kStable) return;
  arm_heartbeat(config_.heartbeat_interval_ms);
  if (heartbeat_running_) {
    // Nothing heard for a session: the coordinator is given up and looked for anew.
    if (now() - last_heartbeat_ >= ms(config_.session_timeout_ms)) {
      const BrokerId node = coordinator_;
      lose_coordinator();
      heartbeat_running_ = false;
      if (node >= 0) client_.disconnect(coordinator_of(node));
    }
    return;
  }
  heartbeat_running_ = true;
  with_coordinator([this, round = epoch_](BrokerId node) {
    if (round != epoch_ || state_ != State::kStable) {
      heartbeat_running_ = false;
      return;
    }
    kafka::HeartbeatRequest request;
    request.group_id = config_.group_id;
    request.generation_id = generation_;
    request.member_id = member_id_;
    request.group_instance_id = config_.instance_id;
    client_.send<kafka::HeartbeatRequest, kafka::HeartbeatResponse>(
        node, std::move(request), {},
        [this, alive = alive_, round](Result<kafka::HeartbeatResponse> response, int16_t) {
          if (!*alive) return;
          heartbeat_running_ = false;
          if (round != epoch_ || state_ != State::kStable) return;
          if (!response) return lose_coordinator();
          if (response->error_code == ErrorCode::kNone) {
            last_heartbeat_ = now();
          } else if (!on_group_error(response->error_code)) {
            fail(response->error_code);
          }
        });
  });
}

bool GroupMember::on_group_error(ErrorCode code) {
  const bool joining = state_ == State::kJoining || state_ == State::kSyncing;
  switch (code) {
    case ErrorCode::kCoordinatorLoadInProgress:
      if (joining) retry_join();
      return true;
    case ErrorCode::kCoordinatorNotAvailable:
    case ErrorCode::kNotCoordinator:
      lose_coordinator();
      if (joining) retry_join();
      return true;
    case ErrorCode::kUnknownMemberId:
    case ErrorCode::kIllegalGeneration:
      forget_member();
      if (joining) {
        retry_join();
      } else {
        rejoin("the member is no longer known");
      }
      return true;
    case ErrorCode::kRebalanceInProgress:
      if (joining) {
        retry_join();
      } else {
        rejoin("group is already rebalancing");
      }
      return true;
    default:
      return false;
  }
}

void GroupMember::fail(ErrorCode code) {
  state_ = State::kIdle;
  client_.executor().cancel(std::exchange(heartbeat_timer_, 0));
  std::string message(kafka::error_message(code));
  if (code == ErrorCode::kGroupAuthorizationFailed) message = "Not authorized to access group: " + config_.group_id;
  callbacks_.failed(std::string(kafka::error_exception(code)), message);
}

}  // namespace kz::client
