// Fuzzes what is stored or carried behind a version: records of the internal topics, the consumer protocol. The first
// byte chooses.
#include "core/kafka/consumer_protocol.h"
#include "core/kafka/storage_format/group_records.h"
#include "core/kafka/storage_format/transaction_records.h"
#include "tests/fuzz/kafka_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

template <class M>
void exercise_stored(const kz::Slice& bytes) {
  int16_t version = 0;
  if (const auto record = kz::kafka::decode_versioned<M>(bytes, &version)) kz::fuzz::exercise_message(*record, version);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  using namespace kz::kafka;
  if (size < 1) return 0;
  const Slice bytes = fuzz::input_slice(data + 1, size - 1);
  switch (data[0]) {
    case 0:
      (void)decode_group_key(bytes);
      break;
    case 1:
      exercise_stored<OffsetCommitValue>(bytes);
      break;
    case 2:
      exercise_stored<GroupMetadataValue>(bytes);
      break;
    case 3:
      exercise_stored<TransactionLogKey>(bytes);
      break;
    case 4:
      exercise_stored<TransactionLogValue>(bytes);
      break;
    case 5:
      (void)decode_subscription(bytes);
      break;
    case 6:
      (void)decode_assignment(bytes);
      break;
    default:
      break;
  }
  return 0;
}
