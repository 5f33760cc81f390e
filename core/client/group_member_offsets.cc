// Committed offsets, and leaving: what a member asks of its coordinator beside the membership itself.
#include "core/client/group_member.h"
#include "core/kafka/message/leave_group.h"

namespace kz::client {

using kafka::ErrorCode;

void GroupMember::fetch_committed(std::vector<TopicPartition> partitions,
                                  std::function<void(std::optional<Offsets>)> done) {
  with_coordinator([this, partitions = std::move(partitions), done = std::move(done)](BrokerId node) {
    client_.send_made<kafka::OffsetFetchRequest, kafka::OffsetFetchResponse>(
        node,
        [group = config_.group_id, partitions](int16_t version) {
          std::map<std::string, std::vector<int32_t>> by_topic;
          for (const auto& tp : partitions) by_topic[tp.topic].push_back(tp.partition);
          kafka::OffsetFetchRequest request;
          request.require_stable = version >= 7;
          if (version >= 8) {
            auto& g = request.groups.emplace_back();
            g.group_id = group;
            for (auto& [topic, list] : by_topic) g.topics->push_back({topic, std::move(list)});
          } else {
            request.group_id = group;
            for (auto& [topic, list] : by_topic) request.topics->push_back({topic, std::move(list)});
          }
          return request;
        },
        SendOptions{.min_version = 1},
        [this, alive = alive_, done](Result<kafka::OffsetFetchResponse> response, int16_t version) {
          if (!*alive) return;
          if (!response) {
            lose_coordinator();
            return done(std::nullopt);
          }
          Offsets out;
          ErrorCode error = response->error_code;
          const auto take = [&](const std::string& topic, const auto& p) {
            if (p.error_code != ErrorCode::kNone) error = p.error_code;
            out[{topic, p.partition_index}] = p.committed_offset;
          };
          if (version >= 8) {
            for (const auto& g : response->groups) {
              if (g.error_code != ErrorCode::kNone) error = g.error_code;
              for (const auto& t : g.topics) {
                for (const auto& p : t.partitions) take(t.name, p);
              }
            }
          } else {
            for (const auto& t : response->topics) {
              for (const auto& p : t.partitions) take(t.name, p);
            }
          }
          if (error == ErrorCode::kNone) return done(std::move(out));
          if (error == ErrorCode::kNotCoordinator || error == ErrorCode::kCoordinatorNotAvailable) lose_coordinator();
          if (error == ErrorCode::kGroupAuthorizationFailed) fail(error);
          if (*alive) done(std::nullopt);
        });
  });
}

void GroupMember::commit(Offsets offsets, std::function<void(bool)> done) {
  if (offsets.empty()) return done(true);
  with_coordinator([this, offsets = std::move(offsets), done = std::move(done)](BrokerId node) {
    kafka::OffsetCommitRequest request;
    request.group_id = config_.group_id;
    request.generation_id = generation_;
    request.member_id = generation_ >= 0 ? member_id_ : "";
    request.group_instance_id = config_.instance_id;
    std::map<std::string, std::vector<kafka::OffsetCommitRequest::OffsetCommitRequestPartition>> by_topic;
    for (const auto& [tp, offset] : offsets) by_topic[tp.topic].push_back({tp.partition, offset, -1, -1, ""});
    for (auto& [topic, list] : by_topic) request.topics.push_back({topic, std::move(list)});
    client_.send<kafka::OffsetCommitRequest, kafka::OffsetCommitResponse>(
        node, std::move(request), SendOptions{.min_version = 2},
        [this, alive = alive_, done](Result<kafka::OffsetCommitResponse> response, int16_t) {
          if (!*alive) return;
          if (!response) {
            lose_coordinator();
            return done(false);
          }
          ErrorCode error = ErrorCode::kNone;
          for (const auto& t : response->topics) {
            for (const auto& p : t.partitions) {
              if (p.error_code != ErrorCode::kNone) error = p.error_code;
            }
          }
          if (error == ErrorCode::kNone) return done(true);
          log_.warn("Offset commit failed: {}", kafka::error_message(error));
          if (state_ == State::kStable) on_group_error(error);
          if (*alive) done(false);
        });
  });
}

void GroupMember::leave(std::function<void()> done) {
  const bool member = generation_ >= 0 && !config_.instance_id && coordinator_ >= 0;
  state_ = State::kLeaving;
  ++epoch_;
  client_.executor().cancel(std::exchange(heartbeat_timer_, 0));
  client_.executor().cancel(std::exchange(retry_timer_, 0));
  if (!member) return done();
  client_.send_made<kafka::LeaveGroupRequest, kafka::LeaveGroupResponse>(
      coordinator_of(coordinator_),
      [group = config_.group_id, id = member_id_](int16_t version) {
        kafka::LeaveGroupRequest request;
        request.group_id = group;
        if (version >= 3) {
          request.members.push_back({id, std::nullopt, "the consumer is being closed"});
        } else {
          request.member_id = id;
        }
        return request;
      },
      SendOptions{.timeout_ms = 5000},
      [alive = alive_, done = std::move(done)](Result<kafka::LeaveGroupResponse>, int16_t) {
        if (*alive) done();
      });
}

}  // namespace kz::client
