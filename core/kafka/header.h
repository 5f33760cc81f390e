// Request and response headers, and whole frames (without the length prefix, which net/ adds and strips).
// Source: RequestHeader.json, ResponseHeader.json, ApiKeys.java @ 3.4.0; KIP-482, KIP-511.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/bytes/reader.h"
#include "core/bytes/slab.h"

namespace kz::kafka {

struct RequestHeader {
  int16_t api_key = 0;
  int16_t api_version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string> client_id;
};

// v2 (tagged fields) for flexible versions, else v1; v0 (no client id) only for ControlledShutdown v0. A version above
// the known ones counts as flexible, so that the header of an ApiVersions request of any age can be read.
int16_t request_header_version(int16_t api_key, int16_t api_version);
// v1 (tagged fields) for flexible versions, else v0; ApiVersions always v0, because the client does not know yet.
int16_t response_header_version(int16_t api_key, int16_t api_version);

// Reads the header; the reader is left at the body. kUnsupportedVersion: an api key that is not in api.h (detail = the
// key); the version is not judged. kMalformed: anything else.
Result<RequestHeader> decode_request_header(Reader& reader);
// Gives the correlation id; the reader is left at the body.
Result<int32_t> decode_response_header(Reader& reader, int16_t api_key, int16_t api_version);

// A whole request, header version chosen by message and version. For notes on the body see encode_body.
template <class M>
Slice encode_request(int16_t api_version, int32_t correlation_id, std::optional<std::string_view> client_id,
                     const M& message);

// A whole response. Memory is one block, except that record data of a fetch response is linked in, not copied.
template <class M>
Chain encode_response(int32_t correlation_id, int16_t api_version, const M& message);

}  // namespace kz::kafka
