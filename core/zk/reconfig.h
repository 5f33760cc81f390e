// Dynamic reconfiguration: which configuration a reconfig request asks for, and why it is refused.
// Source: PrepRequestProcessor.pRequest2Txn (OpCode.reconfig), QuorumPeerConfig.parseDynamicConfig @ 3.8.0.
// Pure functions; Membership is implemented by whoever knows the ensemble.
#pragma once
#include <expected>
#include <optional>

#include "core/zk/error.h"
#include "core/zk/proto.h"
#include "core/zk/quorum_config.h"
#include "core/zk/txn.h"

namespace kz::zk {

// What a leader knows of its ensemble.
class Membership {
 public:
  virtual ~Membership() = default;
  virtual const QuorumConfig& config() const = 0;     // in force
  virtual const QuorumConfig& last_seen() const = 0;  // proposed last; the same version when nothing is under way
  // Are enough voters of that configuration connected and up to date, this server included?
  virtual bool quorum_synced(const QuorumConfig& config) const = 0;
};

struct ReconfigRules {
  bool standalone_enabled = true;
  bool multi_address_enabled = false;
};

// The configuration that the request asks for, its version being zxid. Errors: ReconfigInProgress, BadVersion,
// BadArguments, MarshallingError (numbers that are none, as Java answers), NewConfigNoQuorum.
std::expected<QuorumConfig, KeeperCode> reconfigured(const ReconfigRequest& request, Zxid zxid,
                                                     const Membership& membership, const ReconfigRules& rules);

// The configuration that a logged transaction proposes; nullopt when it is no reconfig (told by the header alone).
std::optional<QuorumConfig> config_of_reconfig(const Slice& payload);

}  // namespace kz::zk
