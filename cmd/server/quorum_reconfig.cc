// What a configuration that was proposed or has come into force does to this server: its files, its election port and
// peers, its client port. Source: QuorumPeer.processReconfig @ 3.8.0.
#include "cmd/server/quorum_zookeeper_impl.h"

namespace kz::server {

const zk::Membership* QuorumZooKeeperServer::Impl::membership() const {
  return leading_ && peer_ && peer_->leader() ? this : nullptr;
}
const zk::QuorumConfig& QuorumZooKeeperServer::Impl::config() const { return peer_->config(); }
const zk::QuorumConfig& QuorumZooKeeperServer::Impl::last_seen() const { return peer_->last_seen(); }
bool QuorumZooKeeperServer::Impl::quorum_synced(const zk::QuorumConfig& config) const {
  return peer_->leader() && peer_->leader()->quorum_synced(config);
}

void QuorumZooKeeperServer::Impl::carry_out(zab::SeenConfig& e) {
  // A proposal that came to nothing is forgotten with the file.
  const Status written = e.config.version > options_.config.quorum.version ? config_files_->write_next(e.config)
                                                                           : config_files_->forget_next();
  if (!written) {
    return fatal(
        fmt::format("cannot write {}.dynamic.next: {}", options_.config_file, errc_text(written.error().code)));
  }
  election_port_->set_config(options_.config.quorum, e.config);
}

void QuorumZooKeeperServer::Impl::carry_out(zab::CommitConfig& e) {
  const zk::QuorumConfig before = std::exchange(options_.config.quorum, e.config);
  const zk::QuorumConfig& now = options_.config.quorum;
  logger_.info("Configuration {:x} is in force: {} voters, {} observers", static_cast<uint64_t>(now.version),
               now.voters().size(), now.observers().size());
  const auto self = now.servers.find(options_.server_id);
  const bool names_client = self != now.servers.end() && self->second.client;
  if (const Status written = config_files_->write(now, names_client); !written) {
    return fatal(fmt::format("cannot write the configuration beside {}: {}", options_.config_file,
                             errc_text(written.error().code)));
  }
  if (peer_->last_seen().version == now.version) {
    if (const Status gone = config_files_->forget_next(); !gone) {
      logger_.warn("Cannot remove {}.dynamic.next: {}", options_.config_file, errc_text(gone.error().code));
    }
  }
  election_port_->set_config(now, peer_->last_seen());
  if (names_client) move_client_port(*self->second.client);
}

// Connections stay; new ones are taken at the new address.
void QuorumZooKeeperServer::Impl::move_client_port(const zk::HostPort& to) {
  const zk::HostPort from = client_address_;
  const auto host_of = [](const zk::HostPort& a) { return a.host.empty() ? std::string("0.0.0.0") : a.host; };
  if (to.port == from.port && host_of(to) == host_of(from)) return;
  client_link_->stop_accepting();
  client_address_ = {to.host == "0.0.0.0" ? "" : to.host, to.port};
  if (const auto bound = bind_clients(); !bound) {
    logger_.error("Error reconfiguring client port to {}: {}", to.text(), bound.error().message);
    client_address_ = from;
    if (const auto back = bind_clients(); !back) logger_.error("{}", back.error().message);
  }
}

}  // namespace kz::server
