// Checksums of both protocols, by the libraries that do them best.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes/slab.h"

namespace kz {

// CRC-32C (Castagnoli), as in Kafka record batches v2 and producer snapshots. ISA-L.
uint32_t crc32c(Bytes data, uint32_t previous = 0);
// CRC-32 (IEEE), as in Kafka message sets v0/v1 and ZooKeeper node digests. zlib.
uint32_t crc32(Bytes data, uint32_t previous = 0);
// Adler-32, as in ZooKeeper's logs and snapshots. zlib. The empty checksum is 1.
uint32_t adler32(Bytes data, uint32_t previous = 1);

}  // namespace kz
