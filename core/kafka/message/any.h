// Messages of any kind by api key: for request logs at trace level, dumps and fuzzing. Compiled against all messages,
// so that only any.cc is.
#pragma once
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/bytes/reader.h"

namespace kz::kafka {

// The body as JSON (to_json in codec.h); the reader stands behind the header. kUnsupportedVersion for an unknown api
// key or version, kMalformed for what does not decode.
Result<std::string> request_to_json(int16_t api_key, int16_t api_version, Reader& body);
Result<std::string> response_to_json(int16_t api_key, int16_t api_version, Reader& body);

}  // namespace kz::kafka
