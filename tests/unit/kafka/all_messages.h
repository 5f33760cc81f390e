// Goes through every message type, so that no test keeps a list of its own.
#pragma once
#include "core/kafka/api.h"
#include "core/kafka/consumer_protocol.h"
#include "core/kafka/message/all.h"
#include "core/kafka/storage_format/group_records.h"
#include "core/kafka/storage_format/transaction_records.h"

namespace kz::kafka::test {

template <class M>
struct Type {
  using Message = M;
};

// fn(Type<Request>{}, Type<Response>{}) for each api of the table.
template <class Fn>
void for_each_api(Fn&& fn) {
#define X(key, name, max34, max27, flexible, inter) fn(Type<name##Request>{}, Type<name##Response>{});
  KZ_KAFKA_API_TABLE(X)
#undef X
}

template <class Fn>
void for_each_record(Fn&& fn) {
  fn(Type<OffsetCommitKey>{});
  fn(Type<OffsetCommitValue>{});
  fn(Type<GroupMetadataKey>{});
  fn(Type<GroupMetadataValue>{});
  fn(Type<TransactionLogKey>{});
  fn(Type<TransactionLogValue>{});
  fn(Type<ConsumerProtocolSubscription>{});
  fn(Type<ConsumerProtocolAssignment>{});
}

template <class Fn>
void for_each_message(Fn&& fn) {
  for_each_api([&](auto request, auto response) {
    fn(request);
    fn(response);
  });
  for_each_record(fn);
}

}  // namespace kz::kafka::test
