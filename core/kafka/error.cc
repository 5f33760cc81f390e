#include "core/kafka/error.h"

namespace kz::kafka {
namespace {

struct Row {
  ErrorCode code;
  std::string_view name;
  std::string_view exception;
  bool retriable;
  std::string_view message;
};

constexpr Row kRows[] = {
#define X(code, enumerator, token, name, exception, retriable, message) \
  {ErrorCode::enumerator, name, exception[0] ? "org.apache.kafka.common.errors." exception : "", retriable, message},
    KZ_KAFKA_ERROR_TABLE(X)
#undef X
};

const Row& row(ErrorCode code) {
  for (const Row& r : kRows) {
    if (r.code == code) return r;
  }
  return kRows[0];
}

}  // namespace

std::string_view error_name(ErrorCode code) { return row(code).name; }
std::string_view error_exception(ErrorCode code) { return row(code).exception; }
std::string_view error_message(ErrorCode code) { return row(code).message; }
bool error_retriable(ErrorCode code) { return row(code).retriable; }

}  // namespace kz::kafka
