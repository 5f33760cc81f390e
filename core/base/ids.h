// The protocols' numbers, by name. They are aliases and not distinct types: they cross wire structs, files and
// arithmetic so often that wrapping each use cost more errors than it caught (docs/design.md, "Differences").
#pragma once
#include <cstdint>

namespace kz {

using Offset = int64_t;       // Kafka log offset
using LeaderEpoch = int32_t;  // KIP-101
using BrokerId = int32_t;
using Zxid = int64_t;  // ZooKeeper transaction id: epoch << 32 | counter
using SessionId = int64_t;
using ServerId = int64_t;  // ZooKeeper myid
using ConnId = uint64_t;   // a connection of this process; never reused

}  // namespace kz
