// One fetch request: reads its partitions within the limits and, when there is too little, waits for more.
// Source: ReplicaManager.fetchMessages, DelayedFetch.scala @ 3.4.0.
#pragma once
#include <memory>
#include <vector>

#include "core/broker/delayed.h"
#include "core/broker/partition.h"
#include "core/broker/request_context.h"
#include "core/broker/service.h"
#include "core/kafka/message/fetch.h"

namespace kz::broker {

// Owned by its reactor; registered with its partitions under the connection's id, so that a connection has one slot.
class FetchOperation final : public DelayedOperation {
 public:
  struct Options {
    int64_t min_bytes = 1;
    int64_t max_bytes = 0;
    FetchIsolation isolation = FetchIsolation::kHighWatermark;
  };
  FetchOperation(Broker& broker, RequestContext context, kafka::FetchRequest request, Options options);

  // Answers now if it can (or must); else waits. The operation keeps itself alive through its partitions and timer.
  static void run(std::shared_ptr<FetchOperation> operation);

 private:
  // One partition of the request, in its order.
  struct Slot {
    std::shared_ptr<Partition> partition;  // null: erroneous
    PartitionReadRequest read;
    PartitionRead result;
    bool unresolved = false;  // unknown to the cluster: reported, but it does not end the wait
  };
  void resolve();
  void read_all();
  bool enough() const;
  void answer();
  bool try_complete(bool timed_out) override;
  void unregister() override;

  Broker& broker_;
  RequestContext context_;
  kafka::FetchRequest request_;
  const Options options_;
  const ConnId conn_;
  std::vector<Slot> slots_;
  int64_t readable_bytes_ = 0;
  bool must_answer_ = false;  // an error or a divergence was found
  bool waiting_ = false;
};

}  // namespace kz::broker
