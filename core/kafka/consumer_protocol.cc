#include "core/kafka/consumer_protocol.h"

#include <algorithm>

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_STORED(ConsumerProtocolSubscription)
KZ_STORED(ConsumerProtocolAssignment)

namespace {

template <class M>
Result<M> decode_tolerantly(const Slice& bytes) {
  Reader reader(bytes);
  const int16_t version = reader.i16();
  if (!reader.ok()) return fail(Errc::kMalformed, M::kName);
  return decode_body<M>(reader, std::min(version, M::kMaxVersion));
}

}  // namespace

Result<ConsumerProtocolSubscription> decode_subscription(const Slice& bytes) {
  return decode_tolerantly<ConsumerProtocolSubscription>(bytes);
}

Result<ConsumerProtocolAssignment> decode_assignment(const Slice& bytes) {
  return decode_tolerantly<ConsumerProtocolAssignment>(bytes);
}

Slice encode_subscription(const ConsumerProtocolSubscription& subscription) {
  return encode_versioned(subscription, ConsumerProtocolSubscription::kMaxVersion);
}

Slice encode_assignment(const ConsumerProtocolAssignment& assignment) {
  return encode_versioned(assignment, ConsumerProtocolAssignment::kMaxVersion);
}

}  // namespace kz::kafka
