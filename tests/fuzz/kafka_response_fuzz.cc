// Fuzzes response frames. The first two bytes are the api key and version that the client asked with.
#include "core/kafka/api.h"
#include "core/kafka/header.h"
#include "core/kafka/message/all.h"
#include "tests/fuzz/kafka_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  using namespace kz::kafka;
  if (size < 2) return 0;
  const auto api_key = static_cast<int16_t>(data[0]);
  const auto version = static_cast<int16_t>(data[1]);
  const Slice frame = fuzz::input_slice(data + 2, size - 2);
  Reader reader(frame);
  if (!decode_response_header(reader, api_key, version)) return 0;
  switch (api_key) {
#define X(key, name, max34, max27, flexible, inter)  \
  case key:                                          \
    fuzz::exercise<name##Response>(reader, version); \
    break;
    KZ_KAFKA_API_TABLE(X)
#undef X
  }
  return 0;
}
