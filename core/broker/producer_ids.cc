#include "core/broker/producer_ids.h"

#include <utility>

#include "core/broker/zk/paths.h"
#include "core/broker/zk/payloads.h"

namespace kz::broker {

using kafka::ErrorCode;

ProducerIds::ProducerIds(BrokerId self, ZkPort& zk, Executor& zk_executor)
    : self_(self),
      zk_(zk),
      executor_(zk_executor),
      log_("kafka.coordinator.transaction.ZkProducerIdManager", "ZK ProducerId Manager " + std::to_string(self)) {}

void ProducerIds::next(Done done) {
  int64_t id = -1;
  const bool ask_now = state_.with([&](State& s) {
    if (s.waiting.empty() && s.next_id <= s.block_end) {
      id = s.next_id++;
      return false;
    }
    s.waiting.push_back(std::move(done));
    return !std::exchange(s.asking, true);
  });
  if (id >= 0) {
    done(id);
  } else if (ask_now) {
    executor_.post([this] { ask(); });
  }
}

void ProducerIds::ask() {
  zk_.get(zkpath::kProducerIdBlock, false, [this](ZkResult result) { on_node(std::move(result)); });
}

void ProducerIds::on_node(ZkResult node) {
  if (node.code == ZkCode::kNoNode) {
    zk_.create(zkpath::kProducerIdBlock, "", ZkMode::kPersistent, [this](ZkResult result) {
      if (result.ok() || result.code == ZkCode::kNodeExists) {
        ask();
      } else {
        give_up("cannot create the block's node", result.code);
      }
    });
    return;
  }
  if (!node.ok()) return give_up("cannot read the current block", node.code);
  if (node.data.empty()) return claim(0, node.stat.version);
  const auto block = decode_producer_id_block(node.data);
  if (!block) return give_up("the current block does not parse", node.code);
  // ids are non-negative; 2^63 of them are not used up in earnest, but a broken node may say so
  if (block->end < 0 || block->end > INT64_MAX - kProducerIdBlockSize) {
    return give_up("producer ids are used up", node.code);
  }
  claim(block->end + 1, node.stat.version);
}

void ProducerIds::claim(int64_t first, int32_t version) {
  const ProducerIdBlock block{self_, first, first + kProducerIdBlockSize - 1};
  zk_.set(zkpath::kProducerIdBlock, encode_producer_id_block(block), version,
          [this, first](ZkResult result) { on_claimed(first, std::move(result)); });
}

void ProducerIds::on_claimed(int64_t first, ZkResult result) {
  // Another broker took this block, or our own write's answer was lost: the next block is free in both cases.
  if (result.code == ZkCode::kBadVersion) return ask();
  if (!result.ok()) return give_up("cannot claim a block", result.code);
  log_.info("Acquired new producerId block {}..{} by writing to Zk with path version {}", first,
            first + kProducerIdBlockSize - 1, result.stat.version);
  serve(first);
}

void ProducerIds::serve(int64_t first) {
  std::deque<std::pair<Done, int64_t>> served;
  const bool again = state_.with([&](State& s) {
    s.next_id = first;
    s.block_end = first + kProducerIdBlockSize - 1;
    while (!s.waiting.empty() && s.next_id <= s.block_end) {
      served.emplace_back(std::move(s.waiting.front()), s.next_id++);
      s.waiting.pop_front();
    }
    s.asking = !s.waiting.empty();
    return s.asking;
  });
  for (auto& [done, id] : served) done(id);
  if (again) ask();
}

void ProducerIds::give_up(const char* why, ZkCode code) {
  log_.warn("No producer id: {} ({})", why, zk_code_name(code));
  std::deque<Done> waiting;
  state_.with([&](State& s) {
    waiting.swap(s.waiting);
    s.asking = false;
  });
  for (Done& done : waiting) done(std::unexpected(ErrorCode::kCoordinatorLoadInProgress));
}

}  // namespace kz::broker
