// Fuzzes the small files of a log directory: producer snapshots, leader epochs, offset checkpoints, meta.properties,
// partition.metadata. What parses must write back and parse to the same. The first byte chooses.
#include <cstdint>
#include <cstdlib>

#include "core/log/checkpoint_text.h"
#include "core/log/epoch_cache.h"
#include "core/log/producer_state.h"
#include "storage/kafka/meta_properties.h"
#include "storage/kafka/names.h"
#include "storage/kafka/partition_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto expect = [](bool ok) {
    if (!ok) std::abort();
  };
  switch (data[0] % 6) {
    case 0: {
      log_state::ProducerStateTable table;
      if (!table.load_snapshot(text, 0, INT64_MIN / 2)) break;
      log_state::ProducerStateTable again;
      expect(again.load_snapshot(table.encode_snapshot(), 0, INT64_MIN / 2).has_value());
      expect(again.encode_snapshot() == table.encode_snapshot());
      break;
    }
    case 1: {
      const auto cache = log_state::EpochCache::parse(text);
      if (!cache) break;
      const auto again = log_state::EpochCache::parse(cache->to_text());
      expect(again.has_value() && again->entries() == cache->entries());
      break;
    }
    case 2: {
      const auto entries = log_state::parse_offset_checkpoint(text);
      if (!entries) break;
      const auto again = log_state::parse_offset_checkpoint(log_state::offset_checkpoint_text(*entries));
      expect(again.has_value() && *again == *entries);
      break;
    }
    case 3:
      (void)storage::parse_meta_properties(text);
      break;
    case 4:
      if (const auto id = storage::parse_partition_metadata(text)) {
        const auto again = storage::parse_partition_metadata(storage::partition_metadata_text(*id));
        expect(again.has_value() && *again == *id);
      }
      break;
    default:
      if (const auto tp = storage::parse_partition_directory(text))
        expect(storage::parse_partition_directory(storage::partition_directory(*tp)) == tp);
      (void)storage::offset_of_file(text);
      break;
  }
  return 0;
}
