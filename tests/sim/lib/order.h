// Order: the one history that all servers of a simulated ensemble must share, and the tree that follows from it.
//   - a transaction delivered anywhere is never lost or changed; all servers deliver in one order;
//   - a leader begins with everything delivered before it; one leader an epoch;
//   - at one zxid every server's tree has one digest;
//   - a session is closed once, and nothing of it is left in the tree.
// The first breach is kept. Single-threaded.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/zk/database.h"

namespace kz::sim {

class Order {
 public:
  // A leader gives out a zxid.
  void proposed(ServerId leader, Zxid zxid, const Slice& payload);
  // Its clients may see the transaction from now on.
  void delivered(ServerId server, Zxid zxid);
  // history: every zxid that the server's tree holds, ascending.
  void leads(ServerId server, int64_t epoch, const std::vector<Zxid>& history);
  void serves(ServerId server, const std::vector<Zxid>& history);
  // The server's tree stands at zxid, with nothing of later transactions in it.
  void stands(ServerId server, Zxid zxid, uint64_t digest);
  // A client was told that its request did this.
  void acknowledged(SessionId session, int32_t cxid, Zxid zxid);

  const std::vector<Zxid>& zxids() const { return zxids_; }
  Zxid last() const { return zxids_.empty() ? 0 : zxids_.back(); }
  const zk::Database& model() const { return model_; }
  size_t elections() const { return leaders_.size(); }
  const Slice* payload(Zxid zxid) const;
  void fail(std::string what);
  const std::optional<std::string>& broken() const { return broken_; }

 private:
  void append(Zxid zxid);

  std::map<Zxid, Slice> payloads_;  // everything ever proposed
  std::vector<Zxid> zxids_;         // delivered, in order
  std::map<int64_t, ServerId> leaders_;
  zk::Database model_;
  std::map<Zxid, uint64_t> digests_;
  std::set<SessionId> closed_;
  std::optional<std::string> broken_;
};

}  // namespace kz::sim
