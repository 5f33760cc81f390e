// The bodies of the operations declared in codec.h and header.h, and the macros by which a message's .cc instantiates
// them: KZ_REQUEST, KZ_RESPONSE, or KZ_STORED for records that are stored behind a version. Included by those files
// alone.
#pragma once
#include "core/base/check.h"
#include "core/kafka/print.h"
#include "core/kafka/visitors.h"

namespace kz::kafka {

namespace detail {

// Headers, written in front of a body; header.cc.
size_t request_header_size(int16_t header_version, std::optional<std::string_view> client_id);
void write_request_header(WriteSink& sink, int16_t header_version, const RequestHeader& header,
                          std::optional<std::string_view> client_id);
// The block with the linked chains in their places.
Chain assemble(Slice block, const std::vector<Link>& links);
// The same in one block, copied; all pieces must be in memory.
Slice flatten(const Chain& chain);

template <class M>
constexpr bool is_flexible(int16_t version) {
  return version >= M::kFlexibleSince;
}
template <class M>
void assert_version(int16_t version) {
  KZ_ASSERT(version >= M::kMinVersion && version <= M::kMaxVersion);
}

}  // namespace detail

template <class M>
Slice encode_body(const M& message, int16_t version) {
  detail::assert_version<M>(version);
  const bool flexible = detail::is_flexible<M>(version);
  Slice block = Slice::allocate(detail::size_of(message, version, flexible));
  detail::WriteSink sink(block.mutable_bytes());
  detail::Encoder<detail::WriteSink>(sink, version, flexible).object(message);
  KZ_ASSERT(sink.remaining() == 0);
  if (sink.links().empty()) return block;
  return detail::flatten(detail::assemble(std::move(block), sink.links()));
}

template <class M>
Result<M> decode_body(Reader& reader, int16_t version) {
  if (version < M::kMinVersion || version > M::kMaxVersion) return fail(Errc::kUnsupportedVersion, M::kName, version);
  Result<M> message;
  detail::Decoder(reader, version, detail::is_flexible<M>(version)).object(*message);
  if (!reader.ok()) return fail(Errc::kMalformed, M::kName, version);
  return message;
}

template <class M>
Slice encode_versioned(const M& message, int16_t version) {
  detail::assert_version<M>(version);
  const bool flexible = detail::is_flexible<M>(version);
  Slice block = Slice::allocate(sizeof version + detail::size_of(message, version, flexible));
  detail::WriteSink sink(block.mutable_bytes());
  sink.number(version);
  detail::Encoder<detail::WriteSink>(sink, version, flexible).object(message);
  KZ_ASSERT(sink.remaining() == 0);
  return block;
}

template <class M>
Result<M> decode_versioned(const Slice& bytes, int16_t* version) {
  Reader reader(bytes);
  const int16_t found = reader.i16();
  if (!reader.ok()) return fail(Errc::kMalformed, M::kName);
  if (version != nullptr) *version = found;
  return decode_body<M>(reader, found);
}

template <class M>
[[gnu::cold]] std::string to_json(const M& message, int16_t version) {
  std::string out;
  detail::Printer(out, version).object(message);
  return out;
}

template <class M>
[[gnu::cold]] Status check(const M& message, int16_t version) {
  if (version < M::kMinVersion || version > M::kMaxVersion) return fail(Errc::kUnsupportedVersion, M::kName, version);
  detail::Checker checker(version);
  checker.object(message);
  return checker.status();
}

template <class M>
[[gnu::cold]] std::string dump_schema() {
  std::string out = M::kName;
  out += ' ';
  detail::json_number(out, int64_t{M::kMinVersion});
  out += '-';
  detail::json_number(out, int64_t{M::kMaxVersion});
  if constexpr (requires { M::kApiKey; }) {
    out += " key ";
    detail::json_number(out, int64_t{M::kApiKey});
  }
  out += " flexible ";
  if (M::kFlexibleSince == kNeverFlexible)
    out += "none";
  else
    detail::json_number(out, int64_t{M::kFlexibleSince});
  out += '\n';
  detail::Dumper(out, M::kMinVersion, M::kMaxVersion, 1).template object<M>();
  return out;
}

template <class M>
Slice encode_request(int16_t api_version, int32_t correlation_id, std::optional<std::string_view> client_id,
                     const M& message) {
  detail::assert_version<M>(api_version);
  const bool flexible = detail::is_flexible<M>(api_version);
  const int16_t header_version = request_header_version(M::kApiKey, api_version);
  Slice block = Slice::allocate(detail::request_header_size(header_version, client_id) +
                                detail::size_of(message, api_version, flexible));
  detail::WriteSink sink(block.mutable_bytes());
  detail::write_request_header(sink, header_version, {M::kApiKey, api_version, correlation_id, {}}, client_id);
  detail::Encoder<detail::WriteSink>(sink, api_version, flexible).object(message);
  KZ_ASSERT(sink.remaining() == 0);
  return block;
}

template <class M>
Chain encode_response(int32_t correlation_id, int16_t api_version, const M& message) {
  detail::assert_version<M>(api_version);
  const bool flexible = detail::is_flexible<M>(api_version);
  const bool tagged_header = response_header_version(M::kApiKey, api_version) > 0;
  Slice block = Slice::allocate((tagged_header ? 5u : 4u) + detail::size_of(message, api_version, flexible));
  detail::WriteSink sink(block.mutable_bytes());
  sink.number(correlation_id);
  if (tagged_header) sink.uvarint(0);
  detail::Encoder<detail::WriteSink>(sink, api_version, flexible).object(message);
  KZ_ASSERT(sink.remaining() == 0);
  return detail::assemble(std::move(block), sink.links());
}

}  // namespace kz::kafka

#define KZ_RECORD(M)                                   \
  template Slice encode_body<M>(const M&, int16_t);    \
  template Result<M> decode_body<M>(Reader&, int16_t); \
  template std::string to_json<M>(const M&, int16_t);  \
  template Status check<M>(const M&, int16_t);         \
  template std::string dump_schema<M>();
#define KZ_STORED(M)                                     \
  KZ_RECORD(M)                                           \
  template Slice encode_versioned<M>(const M&, int16_t); \
  template Result<M> decode_versioned<M>(const Slice&, int16_t*);
#define KZ_REQUEST(M) \
  KZ_RECORD(M)        \
  template Slice encode_request<M>(int16_t, int32_t, std::optional<std::string_view>, const M&);
#define KZ_RESPONSE(M) \
  KZ_RECORD(M)         \
  template Chain encode_response<M>(int32_t, int16_t, const M&);
