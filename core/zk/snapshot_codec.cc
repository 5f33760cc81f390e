#include "core/zk/snapshot_codec.h"

#include "core/bytes/checksum.h"

namespace kz::zk {

SnapshotWriter::SnapshotWriter(DataTree& tree, SessionTimeouts sessions, Form form)
    : tree_(tree), sessions_(std::move(sessions)), form_(form), zxid_(tree.last_zxid()), cursor_(tree) {}

void SnapshotWriter::head(Buffer& out) {
  jute::Encoder e(out);
  if (form_ == Form::kFile) e.put(FileHeader{kSnapshotMagic, 2, -1});
  e.put(static_cast<int32_t>(sessions_.size()));
  for (const auto& [id, timeout_ms] : sessions_) {
    e.put(id);
    e.put(timeout_ms);
  }
  e.put(static_cast<int32_t>(tree_.acls().size()));
  tree_.acls().for_each([&](int32_t index, const AclList& acl) {
    e.put(int64_t{index});
    e.put(acl);
  });
}

void SnapshotWriter::node(Buffer& out, const Node& node) {
  jute::Encoder e(out);
  e.put(tree_.path_of(node));
  out.i32(node.data_size);
  out.raw(node.data());
  e.put(int64_t{node.acl});
  e.put(node.stat_persisted());
}

void SnapshotWriter::seal(Buffer& out, size_t& summed) {
  adler_ = adler32(out.bytes().subspan(summed), adler_);
  summed = out.size();
  out.i64(adler_);
  jute::write(out, std::string_view("/"));
}

bool SnapshotWriter::step(Buffer& out, size_t bytes) {
  size_t summed = out.size();
  const size_t until = out.size() + bytes;
  if (stage_ == Stage::kHead) {
    head(out);
    stage_ = Stage::kNodes;
  }
  while (stage_ == Stage::kNodes) {
    const Node* next = cursor_.next();
    if (!next) {
      stage_ = Stage::kDone;
      jute::write(out, std::string_view("/"));
      if (form_ == Form::kLearner) return false;
      seal(out, summed);
      if (!tree_.options().digest_enabled) return false;
      out.i64(tree_.last_zxid());
      out.i32(2);
      out.i64(static_cast<int64_t>(tree_.digest()));
      seal(out, summed);
      return false;
    }
    node(out, *next);
    if (out.size() >= until) break;
  }
  adler_ = adler32(out.bytes().subspan(summed), adler_);
  return stage_ != Stage::kDone;
}

SnapshotReader::SnapshotReader(DataTree& tree, SessionTimeouts& sessions, SnapshotWriter::Form form,
                               const JuteLimits& limits)
    : tree_(tree),
      sessions_(sessions),
      form_(form),
      limits_(limits),
      stage_(form == SnapshotWriter::Form::kFile ? Stage::kHeader : Stage::kSessionCount) {
  tree_.clear();
  sessions_.clear();
}

Status SnapshotReader::feed(Bytes bytes) {
  if (stage_ == Stage::kDone && form_ == SnapshotWriter::Form::kFile) return {};
  rest_.append(as_text(bytes));
  const Bytes all = as_bytes(rest_);
  size_t at = 0;
  size_t summed = 0;
  while (stage_ != Stage::kDone) {
    if (stage_ == Stage::kSeal || stage_ == Stage::kSeal2) {
      adler_ = adler32(all.subspan(summed, at - summed), adler_);
      summed = at;
    }
    Reader r(all.subspan(at));
    KZ_CHECK(record(r, position_ + static_cast<int64_t>(at)));
    if (!r.ok()) break;
    at += r.position();
  }
  adler_ = adler32(all.subspan(summed, at - summed), adler_);
  position_ += static_cast<int64_t>(at);
  rest_.erase(0, at);
  // No record is larger than two strings at their limit; what is still not whole after that never will be.
  if (stage_ != Stage::kDone && stage_ != Stage::kAcls &&
      static_cast<int64_t>(rest_.size()) > 2 * limits_.item_max() + 4096) {
    return fail(Errc::kCorrupt, "snapshot: record too long", position_);
  }
  return {};
}

// Reads one record. A reader that is not ok() afterwards wants more bytes.
Status SnapshotReader::record(Reader& r, int64_t position) {
  jute::Decoder d(r, limits_);
  switch (stage_) {
    case Stage::kHeader: {
      FileHeader header;
      d.get(header);
      if (!r.ok()) return {};
      if (header.magic != kSnapshotMagic) return fail(Errc::kCorrupt, "snapshot: magic", position);
      stage_ = Stage::kSessionCount;
      return {};
    }
    case Stage::kSessionCount:
    case Stage::kAclCount: {
      left_ = r.i32();
      if (!r.ok()) return {};
      if (left_ < 0) return fail(Errc::kCorrupt, "snapshot: count", position);
      stage_ = stage_ == Stage::kSessionCount ? Stage::kSessions : Stage::kAcls;
      return {};
    }
    case Stage::kSessions: {
      if (left_ == 0) {
        stage_ = Stage::kAclCount;
        return {};
      }
      const SessionId id = r.i64();
      const int32_t timeout_ms = r.i32();
      if (!r.ok()) return {};
      sessions_[id] = timeout_ms;
      --left_;
      return {};
    }
    case Stage::kAcls: {
      if (left_ == 0) {
        stage_ = Stage::kNodes;
        return {};
      }
      const int64_t index = r.i64();
      AclList acl;
      d.get(acl);
      if (!r.ok()) return {};
      --left_;
      return tree_.load_acl(index, std::move(acl));
    }
    case Stage::kNodes:
      return node(r, position);
    case Stage::kSeal:
    case Stage::kSeal2: {
      const int64_t sum = r.i64();
      std::string slash;
      d.get(slash);
      if (!r.ok()) return {};
      if (sum != int64_t{adler_} || slash != "/") return fail(Errc::kChecksum, "snapshot: checksum", position);
      stage_ = stage_ == Stage::kSeal ? Stage::kDigest : Stage::kDone;
      return {};
    }
    case Stage::kDigest: {
      SnapshotDigest digest;
      digest.zxid = r.i64();
      digest.version = r.i32();
      if (digest.version < 2) {
        std::string text;
        d.get(text);
      } else {
        digest.digest = r.i64();
      }
      if (!r.ok()) return {};
      digest_ = digest;
      stage_ = Stage::kSeal2;
      return {};
    }
    case Stage::kDone:
      break;
  }
  return {};
}

Status SnapshotReader::node(Reader& r, int64_t position) {
  const int32_t path_size = r.i32();
  if (r.ok() && (path_size < 0 || path_size > limits_.item_max())) {
    return fail(Errc::kCorrupt, "snapshot: path length", position);
  }
  const std::string_view path = as_text(r.raw(static_cast<size_t>(std::max(path_size, 0))));
  if (!r.ok()) return {};
  if (path == "/") {
    stage_ = form_ == SnapshotWriter::Form::kFile ? Stage::kSeal : Stage::kDone;
    return tree_.finish_load();
  }
  const int32_t size = r.i32();
  if (r.ok() && (size < -1 || size > limits_.item_max()))
    return fail(Errc::kCorrupt, "snapshot: data length", position);
  const Bytes data = r.raw(static_cast<size_t>(std::max(size, 0)));
  const int64_t acl = r.i64();
  StatPersisted stat;
  jute::Decoder(r, limits_).get(stat);
  if (!r.ok()) return {};
  const Status loaded = tree_.load_node(path, size < 0 ? nullptr : &data, acl, stat);
  if (!loaded) return fail(loaded.error().code, loaded.error().what, position);
  return {};
}

Status SnapshotReader::finish() {
  if (complete()) return {};
  return fail(Errc::kTruncated, "snapshot", position_);
}

}  // namespace kz::zk
