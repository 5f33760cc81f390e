// LearnerLink: the quorum port, both ends. Packets both ways are a plain jute stream (core/zab/packet.h); behind SNAP
// the raw snapshot comes, which is handed on as bytes until its reader says where it ends. Source: LearnerHandler,
// Learner.connectToLeader @ 3.8.0.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/zab/packet.h"
#include "core/zk/quorum_config.h"
#include "net/quorum_handshake.h"
#include "net/reactor.h"

namespace kz::net {

// Called on the reactor. After on_link_closed(link) no more come for it; it is not called after close().
class LearnerLinkHandler {
 public:
  virtual ~LearnerLinkHandler() = default;
  virtual void on_link_open(ConnId link, const std::string& ip) = 0;
  virtual void on_quorum_packet(ConnId link, zab::QuorumPacket packet) = 0;
  // Bytes of a snapshot (after expect_snapshot). Returns how many of them belonged to it when it is complete, else -1.
  virtual int64_t on_snapshot_bytes(ConnId link, Bytes bytes) = 0;
  virtual void on_link_closed(ConnId link, Error why) = 0;
  virtual void on_leader_unreachable() = 0;
};

struct LearnerLinkOptions {
  size_t packet_max = 0xfffff + 65536;
  Duration connect_timeout = ms(5000);  // of one attempt
  Duration retry = ms(20);              // between attempts
  Duration give_up = ms(2000);          // then on_leader_unreachable
  QuorumSasl sasl;
  Duration stagger{};  // several addresses: after how long another is tried too; 0: when one has failed
};

// All calls on the reactor's thread.
class LearnerLink {
 public:
  LearnerLink(Reactor& reactor, LearnerLinkOptions options, LearnerLinkHandler& handler);
  ~LearnerLink();
  Status listen(const std::vector<zk::HostPort>& addresses, bool all_ips);
  void stop_listening();
  void connect(const std::vector<zk::HostPort>& leader);
  void stop_connecting();
  void send(ConnId link, Chain bytes);
  size_t bytes_to_send(ConnId link) const;
  // From inside on_quorum_packet of SNAP: what follows is a snapshot.
  void expect_snapshot(ConnId link);
  void close(ConnId link);  // after what was sent
  void close_all();
  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
