#include "core/kafka/storage_format/group_records.h"

#include "core/kafka/instantiate.h"

namespace kz::kafka {

KZ_STORED(OffsetCommitKey)
KZ_STORED(OffsetCommitValue)
KZ_STORED(GroupMetadataKey)
KZ_STORED(GroupMetadataValue)

Result<GroupRecordKey> decode_group_key(const Slice& key) {
  Reader reader(key);
  const int16_t version = reader.i16();
  if (!reader.ok()) return fail(Errc::kMalformed, "__consumer_offsets key");
  if (version >= OffsetCommitKey::kMinVersion && version <= OffsetCommitKey::kMaxVersion) {
    KZ_TRY(GroupRecordKey decoded, decode_body<OffsetCommitKey>(reader, version));
    return decoded;
  }
  if (version == GroupMetadataKey::kMinVersion) {
    KZ_TRY(GroupRecordKey decoded, decode_body<GroupMetadataKey>(reader, version));
    return decoded;
  }
  return fail(Errc::kUnsupportedVersion, "__consumer_offsets key", version);
}

}  // namespace kz::kafka
