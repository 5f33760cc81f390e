#include "core/kafka/header.h"

#include "core/kafka/api.h"
#include "core/kafka/instantiate.h"

namespace kz::kafka {

namespace {

void skip_tags(Reader& reader) {
  for (uint32_t count = reader.uvarint(); count > 0 && reader.ok(); --count) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}

bool flexible(int16_t api_key, int16_t api_version) {
  const ApiInfo* api = find_api(api_key);
  return api != nullptr && api_version >= api->flexible_since;
}

}  // namespace

int16_t request_header_version(int16_t api_key, int16_t api_version) {
  if (api_key == static_cast<int16_t>(ApiKey::kControlledShutdown) && api_version == 0) return 0;
  return flexible(api_key, api_version) ? 2 : 1;
}

int16_t response_header_version(int16_t api_key, int16_t api_version) {
  if (api_key == static_cast<int16_t>(ApiKey::kApiVersions)) return 0;
  return flexible(api_key, api_version) ? 1 : 0;
}

Result<RequestHeader> decode_request_header(Reader& reader) {
  RequestHeader header;
  header.api_key = reader.i16();
  header.api_version = reader.i16();
  header.correlation_id = reader.i32();
  if (!reader.ok()) return fail(Errc::kMalformed, "RequestHeader");
  if (find_api(header.api_key) == nullptr) return fail(Errc::kUnsupportedVersion, "api key", header.api_key);
  const int16_t version = request_header_version(header.api_key, header.api_version);
  if (version >= 1) {
    // Always with the old two-byte length: brokers of any age can read it.
    const int16_t n = reader.i16();
    if (n >= 0) header.client_id = reader.text(static_cast<size_t>(n));
    if (n < -1) reader.set_failed();
  }
  if (version >= 2) skip_tags(reader);
  if (!reader.ok()) return fail(Errc::kMalformed, "RequestHeader");
  return header;
}

Result<int32_t> decode_response_header(Reader& reader, int16_t api_key, int16_t api_version) {
  const int32_t correlation_id = reader.i32();
  if (response_header_version(api_key, api_version) >= 1) skip_tags(reader);
  if (!reader.ok()) return fail(Errc::kMalformed, "ResponseHeader");
  return correlation_id;
}

namespace detail {

size_t request_header_size(int16_t header_version, std::optional<std::string_view> client_id) {
  if (header_version == 0) return 8;
  const size_t id = client_id ? client_id->substr(0, kStringBytesMax).size() : 0;
  return 8 + 2 + id + (header_version >= 2 ? 1 : 0);
}

void write_request_header(WriteSink& sink, int16_t header_version, const RequestHeader& header,
                          std::optional<std::string_view> client_id) {
  sink.number(header.api_key);
  sink.number(header.api_version);
  sink.number(header.correlation_id);
  if (header_version == 0) return;
  if (client_id) {
    const std::string_view id = client_id->substr(0, kStringBytesMax);
    sink.number(static_cast<int16_t>(id.size()));
    sink.raw(as_bytes(id));
  } else {
    sink.number(int16_t{-1});
  }
  if (header_version >= 2) sink.uvarint(0);
}

Chain assemble(Slice block, const std::vector<Link>& links) {
  if (links.empty()) return Chain(std::move(block));
  Chain out;
  size_t from = 0;
  for (const Link& link : links) {
    out.append(block.sub(from, link.at - from));
    from = link.at;
    out.append(*link.chain);
  }
  out.append(block.sub(from));
  return out;
}

Slice flatten(const Chain& chain) {
  Slice out = Slice::allocate(chain.size());
  Writer w(out.mutable_bytes());
  for (const Chain::Piece& piece : chain.pieces()) {
    const Slice* slice = std::get_if<Slice>(&piece);
    KZ_ASSERT(slice != nullptr);
    w.raw(slice->bytes());
  }
  return out;
}

}  // namespace detail

}  // namespace kz::kafka
