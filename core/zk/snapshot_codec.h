// A snapshot as bytes, written and read in pieces; storage/zk owns the file, its name and its compression.
//   stream   := FileHeader("ZKSN", 2, -1) sessions acls nodes seal [digest seal]
//   sessions := int n, n * (long id, int timeout)        acls := int n, n * (long index, vector<ACL>)
//   nodes    := (ustring path, buffer data, long acl, StatPersisted)* ustring "/"      root's path is ""
//   seal     := long adler32(all bytes so far) ustring "/"    digest := long zxid, int version 2, long tree digest
// The body sent to a learner (SNAP) is sessions, acls and nodes alone.
// Source: FileSnap, SerializeUtils, DataTree.serialize @ 3.8.0.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "core/zk/tree.h"

namespace kz::zk {

using SessionTimeouts = std::map<SessionId, int32_t>;  // session -> timeout in ms

// Serialises a tree that goes on changing between steps (fuzzy; replay from last_zxid + 1 heals it).
class SnapshotWriter {
 public:
  enum class Form { kFile, kLearner };
  // zxid() is the tree's last zxid now: the snapshot's name.
  SnapshotWriter(DataTree& tree, SessionTimeouts sessions, Form form = Form::kFile);
  Zxid zxid() const { return zxid_; }
  // Appends about `bytes` more bytes to out (at least one node); false when the stream is complete.
  bool step(Buffer& out, size_t bytes);

 private:
  void head(Buffer& out);
  void node(Buffer& out, const Node& node);
  void seal(Buffer& out, size_t& summed);  // summed: up to where out is in the checksum

  DataTree& tree_;
  SessionTimeouts sessions_;
  Form form_;
  Zxid zxid_;
  DataTree::Cursor cursor_;
  uint32_t adler_ = 1;
  enum class Stage { kHead, kNodes, kDone } stage_ = Stage::kHead;
};

// What follows the nodes.
struct SnapshotDigest {
  Zxid zxid = 0;
  int32_t version = 0;
  int64_t digest = 0;
};

// Reads a stream fed in pieces of any size into a tree (cleared first).
class SnapshotReader {
 public:
  SnapshotReader(DataTree& tree, SessionTimeouts& sessions, SnapshotWriter::Form form = SnapshotWriter::Form::kFile,
                 const JuteLimits& limits = {});
  // Consumes whole records; keeps the rest. kCorrupt, kChecksum (detail: byte position in the uncompressed stream).
  Status feed(Bytes bytes);
  // The end of the input (files): kTruncated when the stream is not complete.
  Status finish();
  // A file of 3.5, or one written without digests, ends after the first seal.
  bool complete() const { return stage_ == Stage::kDone || (stage_ == Stage::kDigest && rest_.empty()); }
  // Learner form: bytes fed beyond the end of the stream.
  Bytes surplus() const { return as_bytes(rest_); }
  // The 3.6 digest tail when there was one.
  const std::optional<SnapshotDigest>& digest() const { return digest_; }

 private:
  enum class Stage { kHeader, kSessionCount, kSessions, kAclCount, kAcls, kNodes, kSeal, kDigest, kSeal2, kDone };
  Status record(Reader& r, int64_t position);
  Status node(Reader& r, int64_t position);

  DataTree& tree_;
  SessionTimeouts& sessions_;
  SnapshotWriter::Form form_;
  JuteLimits limits_;
  Stage stage_;
  int64_t left_ = 0;
  uint32_t adler_ = 1;
  int64_t position_ = 0;
  std::string rest_;
  std::optional<SnapshotDigest> digest_;
};

}  // namespace kz::zk
