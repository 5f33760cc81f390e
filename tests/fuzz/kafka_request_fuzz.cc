// Fuzzes request frames: header and body of every api.
#include "core/kafka/api.h"
#include "core/kafka/header.h"
#include "core/kafka/message/all.h"
#include "tests/fuzz/kafka_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  using namespace kz::kafka;
  const Slice frame = fuzz::input_slice(data, size);
  Reader reader(frame);
  const auto header = decode_request_header(reader);
  if (!header) return 0;
  switch (header->api_key) {
#define X(key, name, max34, max27, flexible, inter)             \
  case key:                                                     \
    fuzz::exercise<name##Request>(reader, header->api_version); \
    break;
    KZ_KAFKA_API_TABLE(X)
#undef X
  }
  return 0;
}
