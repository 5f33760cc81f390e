// QuorumConfig: the members of an ensemble as text (zoo.cfg, *.dynamic files, /zookeeper/config, NEWLEADER) and back.
//   server.<sid>=<host>:<quorum port>:<election port>[|...][:participant|observer][;[<client host>:]<client port>]
//   group.<g>=<sid>[:<sid>]*     weight.<sid>=<n>     version=<hex>
// Source: QuorumPeer.QuorumServer, QuorumMaj, QuorumHierarchical @ 3.8.0. Plain data.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace kz::zk {

struct HostPort {
  std::string host;  // IPv6 without brackets
  uint16_t port = 0;
  std::string text() const;  // brackets added for IPv6
  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

struct QuorumServer {
  ServerId id = 0;
  struct Address {
    HostPort quorum;
    HostPort election;
    friend auto operator<=>(const Address&, const Address&) = default;
  };
  std::vector<Address> addresses;  // more than one with multiAddress.enabled
  bool observer = false;
  std::optional<HostPort> client;  // only when the line had one
  std::string text() const;        // the right side of server.N=
  friend auto operator<=>(const QuorumServer&, const QuorumServer&) = default;
};

// A line's right side. The error is a sentence fragment: what is wrong and what is allowed.
std::expected<QuorumServer, std::string> parse_server_line(ServerId id, std::string_view value);

struct QuorumConfig {
  std::map<ServerId, QuorumServer> servers;
  std::map<ServerId, int64_t> weights;           // 1 when not given
  std::map<int64_t, std::set<ServerId>> groups;  // not empty: hierarchical
  int64_t version = 0;

  bool empty() const { return servers.empty(); }
  bool hierarchical() const { return !groups.empty(); }
  bool is_voter(ServerId id) const;
  std::vector<ServerId> voters() const;     // ascending
  std::vector<ServerId> observers() const;  // ascending
  int64_t weight(ServerId id) const;        // 0 for observers and unknown ids
  // Do these servers form a quorum: more than half of the voters, or of the weights in more than half of the groups.
  bool is_quorum(const std::set<ServerId>& acks) const;
  // Equal but for the version.
  bool same_members(const QuorumConfig& other) const;
  // What /zookeeper/config holds, ending in version=<hex> without a newline.
  std::string text() const;
  // Two servers with one address or port pair; empty when fine.
  std::string conflict() const;
};

// Adds one property (server.N, group.N, weight.N, version). False: not a quorum key. The error as above.
std::expected<bool, std::string> add_quorum_property(QuorumConfig& config, std::string_view key,
                                                     std::string_view value);
// Groups, weights and voters fit together (after all properties); empty when fine.
std::string check_quorum_config(const QuorumConfig& config);
// A whole config text, as received from a peer.
std::expected<QuorumConfig, std::string> parse_quorum_config(std::string_view text);

}  // namespace kz::zk
