#include "core/kafka/message/any.h"

#include "core/kafka/api.h"
#include "core/kafka/message/all.h"

namespace kz::kafka {

namespace {

template <class M>
Result<std::string> print(int16_t api_version, Reader& body) {
  KZ_TRY(const M message, decode_body<M>(body, api_version));
  return to_json(message, api_version);
}

}  // namespace

Result<std::string> request_to_json(int16_t api_key, int16_t api_version, Reader& body) {
  switch (api_key) {
#define X(key, name, max34, max27, flexible, inter) \
  case key:                                         \
    return print<name##Request>(api_version, body);
    KZ_KAFKA_API_TABLE(X)
#undef X
    default:
      return fail(Errc::kUnsupportedVersion, "api key", api_key);
  }
}

Result<std::string> response_to_json(int16_t api_key, int16_t api_version, Reader& body) {
  switch (api_key) {
#define X(key, name, max34, max27, flexible, inter) \
  case key:                                         \
    return print<name##Response>(api_version, body);
    KZ_KAFKA_API_TABLE(X)
#undef X
    default:
      return fail(Errc::kUnsupportedVersion, "api key", api_key);
  }
}

}  // namespace kz::kafka
