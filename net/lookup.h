// Host names to addresses beside the reactors. getaddrinfo blocks, perhaps for half a minute, and cannot be
// interrupted: a few threads of the process do it, and a name that is being asked for is not asked for twice.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "net/socket.h"

namespace kz::net {

inline constexpr size_t kLookupThreadsMax = 8;
inline constexpr size_t kLookupsMax = 1024;  // names waited for

using OnLookup = std::function<void(const Result<std::vector<Address>>&)>;

// done is called once, on a thread of the lookups, or here and now when there are too many or no thread can be had
// (kResolve).
void look_up(const std::string& host, uint16_t port, OnLookup done);

// For tests: how names are resolved; nullptr: by the system.
void set_resolver(Result<std::vector<Address>> (*resolver)(const std::string& host, uint16_t port));
size_t lookup_threads();

}  // namespace kz::net
