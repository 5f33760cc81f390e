// Producer ids, handed out from blocks of 1000 that brokers take from /latest_producer_id_block.
// Source: ProducerIdManager.scala, ProducerIdBlockZNode @ 3.4.0; KIP-730.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/base/log.h"
#include "core/broker/partition.h"
#include "core/broker/zk/zk_port.h"

namespace kz::broker {

// next() from any thread; the node is read and written on the executor of the ZooKeeper session. Waiting callers are
// served from that thread, in order.
class ProducerIds {
 public:
  using Done = std::move_only_function<void(KafkaResult<int64_t>)>;

  // Both outlive this.
  ProducerIds(BrokerId self, ZkPort& zk, Executor& zk_executor);
  // A new id. kCoordinatorLoadInProgress (retriable) when no block could be had.
  void next(Done done);

 private:
  struct State {
    int64_t next_id = 0;
    int64_t block_end = -1;  // inclusive
    bool asking = false;
    std::deque<Done> waiting;
  };
  void ask();
  void on_node(ZkResult node);
  void claim(int64_t first, int32_t version);
  void on_claimed(int64_t first, ZkResult result);
  void serve(int64_t first);
  void give_up(const char* why, ZkCode code);

  const BrokerId self_;
  ZkPort& zk_;
  Executor& executor_;
  log::Logger log_;
  Guarded<State> state_;
};

}  // namespace kz::broker
