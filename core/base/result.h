// Result<T>: how every expected failure travels (bad bytes, I/O errors, refusals). No allocation, no exceptions.
#pragma once
#include <cstdint>
#include <expected>
#include <utility>

#include "core/base/errc.h"

namespace kz {

// A failure: our code, a static text that names the thing, and one detail (a file position, an errno, a count).
struct Error {
  Errc code = Errc::kInternal;
  const char* what = "";
  int64_t detail = 0;
  friend bool operator==(const Error& a, const Error& b) { return a.code == b.code; }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, const char* what = "", int64_t detail = 0) {
  return std::unexpected(Error{code, what, detail});
}

}  // namespace kz

#define KZ_CONCAT_(a, b) a##b
#define KZ_CONCAT(a, b) KZ_CONCAT_(a, b)
// KZ_TRY(auto x, expr): x is the value, or the enclosing function returns the error.
#define KZ_TRY(decl, expr)                                                                         \
  auto KZ_CONCAT(kz_try_, __LINE__) = (expr);                                                      \
  if (!KZ_CONCAT(kz_try_, __LINE__)) return std::unexpected(KZ_CONCAT(kz_try_, __LINE__).error()); \
  decl = std::move(*KZ_CONCAT(kz_try_, __LINE__))
// KZ_CHECK(expr): the same for a Status.
#define KZ_CHECK(expr)                                                                     \
  do {                                                                                     \
    if (auto kz_status_ = (expr); !kz_status_) return std::unexpected(kz_status_.error()); \
  } while (false)
