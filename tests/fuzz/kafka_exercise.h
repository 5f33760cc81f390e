// What the Kafka fuzz entries do with a message that decoded: print it, encode it, and read that back.
#pragma once
#include <cstdint>

#include "core/base/check.h"
#include "core/kafka/codec.h"

namespace kz::fuzz {

// The input as a slab, so that the sanitizer sees reads past its end.
inline Slice input_slice(const uint8_t* data, size_t size) {
  return Slice::copy_of(Bytes(reinterpret_cast<const std::byte*>(data), size));
}

template <class M>
void exercise_message(const M& message, int16_t version) {
  (void)kafka::to_json(message, version);
  KZ_ASSERT(kafka::check(message, version).has_value());
  const Slice bytes = kafka::encode_body(message, version);
  Reader reader(bytes);
  const auto again = kafka::decode_body<M>(reader, version);
  KZ_ASSERT(again.has_value() && reader.at_end());
  KZ_ASSERT(kafka::encode_body(*again, version).text() == bytes.text());
}

template <class M>
void exercise(Reader& reader, int16_t version) {
  if (const auto message = kafka::decode_body<M>(reader, version)) exercise_message(*message, version);
}

}  // namespace kz::fuzz
