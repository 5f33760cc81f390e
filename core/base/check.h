// KZ_ASSERT: invariants, checked in release builds too. Corrupt state aborts; corrupt input never gets here.
#pragma once

namespace kz {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line, const char* message);
}

#define KZ_ASSERT(condition) \
  (__builtin_expect(!!(condition), 1) ? void(0) : ::kz::assertion_failed(#condition, __FILE__, __LINE__, ""))
#define KZ_ASSERT_MSG(condition, message) \
  (__builtin_expect(!!(condition), 1) ? void(0) : ::kz::assertion_failed(#condition, __FILE__, __LINE__, message))
#define KZ_UNREACHABLE(message) ::kz::assertion_failed("unreachable", __FILE__, __LINE__, message)
