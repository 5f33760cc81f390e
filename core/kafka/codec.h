// One field list a message; this header is what messages and their users need: the attributes of a field, the types
// that are not the standard library's, and the operations. The visitors behind them are in visitors.h and print.h,
// compiled once per message in its own .cc. Encoding rules: Kafka's protocol guide; KIP-482 for flexible versions.
//
// A message struct has kName, kMinVersion, kMaxVersion, kFlexibleSince, (requests and responses) kApiKey, and
//   static constexpr void fields(auto&& visit, auto& m)         visit(m.x, "X", since(3).ignorable()) in wire order
//   static constexpr void tagged_fields(auto&& visit, auto& m)  visit(0, m.x, "X", since(12)), by tag; only where any
// Every member has an initialiser, its declared default: {.name = "t"} is enough to make one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/bytes/reader.h"
#include "core/bytes/slab.h"
#include "core/kafka/error.h"
#include "core/kafka/uuid.h"

namespace kz::kafka {

inline constexpr int16_t kVersionMax = INT16_MAX;
inline constexpr int16_t kNeverFlexible = INT16_MAX;
// The longest string of the protocol, also in compact form (Java refuses longer ones in both).
inline constexpr size_t kStringBytesMax = INT16_MAX;

// In which versions a field exists and may be null, and how it is to be treated elsewhere.
struct Versions {
  int16_t first = 0;
  int16_t last = kVersionMax;
  int16_t nullable_first = 0;  // of std::optional fields, within first..last
  bool can_skip = false;       // "ignorable": dropped in silence where the version lacks it
  bool secret = false;         // printed as ***
  bool records = false;        // record batches, not just bytes: printed as their size

  constexpr bool has(int16_t version) const { return version >= first && version <= last; }
  constexpr bool nullable(int16_t version) const { return version >= nullable_first; }
  constexpr Versions ignorable() const {
    Versions v = *this;
    v.can_skip = true;
    return v;
  }
  constexpr Versions nullable_since(int16_t version) const {
    Versions v = *this;
    v.nullable_first = version;
    return v;
  }
  constexpr Versions record_data() const {
    Versions v = *this;
    v.records = true;
    return v;
  }
  constexpr Versions sensitive() const {
    Versions v = *this;
    v.secret = true;
    return v;
  }
};
constexpr Versions always() { return {}; }
constexpr Versions since(int16_t first) { return {.first = first}; }
constexpr Versions range(int16_t first, int16_t last) { return {.first = first, .last = last}; }
constexpr Versions ignorable() { return Versions{.can_skip = true}; }

// The record data of a fetch response. To be sent: a Chain of slices and file slices, which are never copied. Decoded:
// one slice of the frame. Null (the default) is distinct from empty on the wire.
class RecordsOut {
 public:
  RecordsOut() = default;
  RecordsOut(Slice records) : present_(true), size_(records.size()), slice_(std::move(records)) {}
  RecordsOut(Chain records) : present_(true), size_(records.size()), chain_(std::move(records)) {}
  bool is_null() const { return !present_; }
  size_t size() const { return size_; }
  // The decoded bytes; empty when null or built from a Chain.
  const Slice& slice() const { return slice_; }
  const Chain& chain() const { return chain_; }

 private:
  bool present_ = false;
  size_t size_ = 0;
  Slice slice_;
  Chain chain_;
};

// ---- operations; instantiated in each message's .cc ----

// The body without a header, as one block. Strings longer than kStringBytesMax are cut, null where the version has no
// null becomes empty, fields that the version lacks are left out: check() tells beforehand. Records given as file
// slices need encode_response (header.h); here they are a broken invariant.
template <class M>
Slice encode_body(const M& message, int16_t version);

// Reads one body. Names are owned; Slices share the reader's slab (detach() what outlives the request). Bytes after
// the body are left unread. Memory taken is at most a small multiple of the bytes present, whatever the counts say.
// kMalformed with the message's name, or kUnsupportedVersion.
template <class M>
Result<M> decode_body(Reader& reader, int16_t version);

// Stored records: an int16 version in front of the body. Only for messages that end in KZ_STORED.
template <class M>
Slice encode_versioned(const M& message, int16_t version);
// As decode_body; the version found is stored through `version` when given. Reads no further than the body.
template <class M>
Result<M> decode_versioned(const Slice& bytes, int16_t* version = nullptr);

// One line of JSON with Kafka's names and rules (its request log): fields of that version, tagged ones only when not
// default, bytes in base64, records as their size, secrets as "***".
template <class M>
std::string to_json(const M& message, int16_t version);

// kUnsupportedVersion with the field's name when encoding would lose something that the peer must know: a field that
// the version lacks, is not ignorable and is not default, or a null where the version has none. kTooLarge for a string
// over kStringBytesMax.
template <class M>
Status check(const M& message, int16_t version);

// The field list in the normal form of tests/golden/kafka_schema.
template <class M>
std::string dump_schema();

}  // namespace kz::kafka
