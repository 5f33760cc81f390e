#include "core/client/kafka_client.h"

#include <algorithm>

#include "core/kafka/api.h"

#ifndef KZ_VERSION
#define KZ_VERSION "0"
#endif

namespace kz::client {
namespace {

// socket.connection.setup.timeout.max.ms and the like are the connector's; this bounds the version exchange.
constexpr int32_t kNegotiationTimeoutMs = 30000;

const VersionRange* find_range(const std::vector<std::pair<int16_t, VersionRange>>& versions, int16_t api_key) {
  auto it = std::lower_bound(versions.begin(), versions.end(), api_key,
                             [](const auto& entry, int16_t key) { return entry.first < key; });
  return it != versions.end() && it->first == api_key ? &it->second : nullptr;
}

}  // namespace

KafkaClient::KafkaClient(KafkaClientConfig config, Connector& connector, Executor& executor, Rng& rng)
    : config_(std::move(config)),
      connector_(connector),
      executor_(executor),
      rng_(rng),
      log_("org.apache.kafka.clients.NetworkClient", config_.log_prefix) {}

KafkaClient::~KafkaClient() { close(); }

void KafkaClient::close() {
  if (std::exchange(closed_, true)) return;
  *alive_ = false;
  executor_.cancel(metadata_timer_);
  for (auto& [id, n] : nodes_) {
    executor_.cancel(n->connect_timer);
    executor_.cancel(n->deadline_timer);
    if (n->conn != 0) connector_.close(n->conn);
  }
  by_conn_.clear();
  nodes_.clear();
}

KafkaClient::Node* KafkaClient::node(BrokerId id) {
  if (auto it = nodes_.find(id); it != nodes_.end()) return it->second.get();
  HostPort address;
  if (id < 0) {
    const auto index = static_cast<size_t>(-1 - static_cast<int64_t>(id));
    if (index >= config_.bootstrap.size()) return nullptr;
    address = config_.bootstrap[index];
  } else {
    auto known = cluster_.nodes.find(id);
    if (known == cluster_.nodes.end()) known = cluster_.nodes.find(coordinator_of(id));
    if (known == cluster_.nodes.end()) return nullptr;
    address = {known->second.host, known->second.port};
  }
  auto n = std::make_unique<Node>();
  n->id = id;
  n->address = std::move(address);
  return (nodes_[id] = std::move(n)).get();
}

KafkaClient::Node* KafkaClient::by_conn(ConnId conn) {
  auto it = by_conn_.find(conn);
  return it == by_conn_.end() ? nullptr : it->second;
}

// A broker that moved to another address keeps its id: its old connection is useless.
void KafkaClient::update_nodes() {
  std::vector<BrokerId> moved;
  for (auto& [id, n] : nodes_) {
    if (id < 0) continue;
    auto known = cluster_.nodes.find(id);
    if (known == cluster_.nodes.end()) known = cluster_.nodes.find(coordinator_of(id));
    if (known == cluster_.nodes.end()) continue;
    if (known->second.host == n->address.host && known->second.port == n->address.port) continue;
    n->address = {known->second.host, known->second.port};
    n->failures = 0;
    n->not_before = {};
    moved.push_back(id);
  }
  for (BrokerId id : moved) disconnect(id);
}

std::optional<VersionRange> KafkaClient::versions(BrokerId id, int16_t api_key) const {
  auto it = nodes_.find(id);
  if (it == nodes_.end() || it->second->state != State::kReady) return std::nullopt;
  const VersionRange* range = find_range(it->second->versions, api_key);
  return range == nullptr ? std::nullopt : std::optional(*range);
}

bool KafkaClient::ready(BrokerId id) const {
  auto it = nodes_.find(id);
  return it != nodes_.end() && it->second->state == State::kReady;
}

bool KafkaClient::any_ready() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& n) { return n.second->state == State::kReady; });
}

bool KafkaClient::any_open() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& n) {
    return n.second->state == State::kNegotiating || n.second->state == State::kReady;
  });
}

size_t KafkaClient::in_flight(BrokerId id) const {
  auto it = nodes_.find(id);
  return it == nodes_.end() ? 0 : it->second->in_flight.size() + it->second->queued.size();
}

// As NetworkClient.leastLoadedNode: ready and idle first, then connecting, then the one tried longest ago.
BrokerId KafkaClient::pick_node() {
  std::vector<BrokerId> ids;
  if (has_metadata_ && !cluster_.nodes.empty()) {
    for (const auto& [id, n] : cluster_.nodes) ids.push_back(id);
    for (const auto& [id, n] : nodes_) {
      if (id < 0 && n->state == State::kReady) ids.push_back(id);
    }
  } else {
    for (size_t i = 0; i < config_.bootstrap.size(); ++i) ids.push_back(-1 - static_cast<BrokerId>(i));
  }
  if (ids.empty()) return kLeastLoaded;
  const size_t offset = rng_.below(ids.size());
  BrokerId ready = kLeastLoaded, connecting = kLeastLoaded, possible = kLeastLoaded;
  size_t load = SIZE_MAX;
  TimePoint oldest = TimePoint::max();
  for (size_t i = 0; i < ids.size(); ++i) {
    Node* n = node(ids[(i + offset) % ids.size()]);
    if (n == nullptr) continue;
    if (n->state == State::kReady) {
      const size_t inflight = n->in_flight.size() + n->queued.size();
      if (inflight < load) {
        load = inflight;
        ready = n->id;
      }
    } else if (n->state != State::kDown) {
      connecting = n->id;
    } else if (n->not_before <= now() && n->last_attempt < oldest) {
      oldest = n->last_attempt;
      possible = n->id;
    }
  }
  return ready != kLeastLoaded ? ready : connecting != kLeastLoaded ? connecting : possible;
}

void KafkaClient::fail_later(RawDone done, Error why) {
  executor_.post([alive = alive_, done = std::move(done), why]() mutable {
    if (*alive) done(std::unexpected(why), 0);
  });
}

void KafkaClient::send_raw(BrokerId id, int16_t api_key, VersionRange ours, EncodeFn encode, SendOptions options,
                           RawDone done) {
  if (closed_) return;
  if (id == kLeastLoaded) id = pick_node();
  Node* n = id == kLeastLoaded ? nullptr : node(id);
  if (n == nullptr) return fail_later(std::move(done), Error{Errc::kNotFound, "no node to send to", id});
  Request request;
  request.api_key = api_key;
  request.ours = {std::max(ours.min, options.min_version), std::min(ours.max, options.max_version)};
  request.options = options;
  request.encode = std::move(encode);
  request.done = std::move(done);
  request.deadline = now() + ms(options.timeout_ms > 0 ? options.timeout_ms : config_.request_timeout_ms);
  if (n->state == State::kReady && n->queued.empty()) {
    transmit(*n, std::move(request));
  } else {
    n->queued.push_back(std::move(request));
    ensure_connection(*n);
  }
  arm_deadline(*n);
}

void KafkaClient::transmit(Node& n, Request request) {
  const VersionRange* theirs = find_range(n.versions, request.api_key);
  if (theirs == nullptr || theirs->max < request.ours.min || theirs->min > request.ours.max) {
    return fail_later(std::move(request.done),
                      Error{Errc::kUnsupportedVersion, "the broker does not support this request", request.api_key});
  }
  request.version = std::min(theirs->max, request.ours.max);
  request.correlation_id = next_correlation_;
  auto frame = request.encode(request.version, request.correlation_id);
  if (!frame) return fail_later(std::move(request.done), frame.error());
  next_correlation_ = next_correlation_ == INT32_MAX ? 0 : next_correlation_ + 1;
  request.encode = nullptr;
  connector_.send(n.conn, Chain(std::move(*frame)));
  if (request.options.expect_response) {
    n.in_flight.push_back(std::move(request));
  } else {
    executor_.post([alive = alive_, done = std::move(request.done), version = request.version]() mutable {
      if (*alive) done(Slice(), version);
    });
  }
}

void KafkaClient::ensure_connection(Node& n) {
  if (n.state != State::kDown || n.connect_timer != 0) return;
  if (n.not_before <= now()) return open(n);
  n.connect_timer = executor_.at(n.not_before, [this, id = n.id] {
    Node* again = node(id);
    again->connect_timer = 0;
    if (again->state == State::kDown) open(*again);
  });
}

void KafkaClient::connect(BrokerId id) {
  if (Node* n = closed_ ? nullptr : node(id)) ensure_connection(*n);
}

void KafkaClient::open(Node& n) {
  n.state = State::kConnecting;
  n.last_attempt = now();
  n.api_versions_version = kafka::ApiVersionsRequest::kMaxVersion;
  n.conn = connector_.open(n.address.host, n.address.port, *this, config_.frame_max);
  by_conn_[n.conn] = &n;
}

void KafkaClient::on_connected(ConnId conn) {
  if (Node* n = by_conn(conn)) negotiate(*n);
}

void KafkaClient::negotiate(Node& n) {
  n.state = State::kNegotiating;
  n.negotiation_id = next_correlation_++;
  n.negotiation_deadline = now() + ms(std::min(config_.request_timeout_ms, kNegotiationTimeoutMs));
  kafka::ApiVersionsRequest request;
  if (n.api_versions_version >= 3) {
    request.client_software_name = "kz";
    request.client_software_version = KZ_VERSION;
  }
  connector_.send(n.conn, Chain(kafka::encode_request(n.api_versions_version, n.negotiation_id,
                                                      std::optional<std::string_view>(config_.client_id), request)));
  arm_deadline(n);
}

void KafkaClient::on_versions(Node& n, const Slice& frame) {
  Reader reader(frame);
  auto id = kafka::decode_response_header(reader, kafka::ApiVersionsRequest::kApiKey, n.api_versions_version);
  if (!id || *id != n.negotiation_id) {
    return connection_lost(n, Error{Errc::kMalformed, "not an answer to ApiVersions", 0}, false,
                           std::string(frame.text().substr(0, 64)));
  }
  // A broker that does not know the version asked for answers in version 0, whatever was asked (KIP-511).
  Reader peek(frame.sub(reader.position()));
  const bool too_new = static_cast<kafka::ErrorCode>(peek.i16()) == kafka::ErrorCode::kUnsupportedVersion;
  auto response = kafka::decode_body<kafka::ApiVersionsResponse>(reader, too_new ? int16_t{0} : n.api_versions_version);
  if (too_new && n.api_versions_version > 0) {
    int16_t next = 0;
    if (response) {
      for (const auto& api : response->api_keys) {
        if (api.api_key == kafka::ApiVersionsRequest::kApiKey) next = api.max_version;
      }
    }
    n.api_versions_version = std::clamp<int16_t>(next, 0, static_cast<int16_t>(n.api_versions_version - 1));
    return negotiate(n);
  }
  if (!response || response->error_code != kafka::ErrorCode::kNone) {
    log_.warn("Received error {} from node {} when making an ApiVersionsRequest with correlation id {}. Disconnecting.",
              response ? kafka::error_name(response->error_code) : "MALFORMED", n.id, n.negotiation_id);
    return connection_lost(n, Error{Errc::kMalformed, "ApiVersions failed", 0}, false, {});
  }
  n.versions.clear();
  for (const auto& api : response->api_keys) n.versions.push_back({api.api_key, {api.min_version, api.max_version}});
  std::sort(n.versions.begin(), n.versions.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  n.state = State::kReady;
  n.failures = 0;
  flush(n);
  arm_deadline(n);
  pump_metadata();
  if (ready_listener_) ready_listener_(n.id);
}

void KafkaClient::flush(Node& n) {
  while (n.state == State::kReady && !n.queued.empty()) {
    Request request = std::move(n.queued.front());
    n.queued.pop_front();
    transmit(n, std::move(request));
  }
}

void KafkaClient::on_frame(ConnId conn, Slice frame) {
  Node* n = by_conn(conn);
  if (n == nullptr) return;
  if (n->state == State::kNegotiating) return on_versions(*n, frame);
  if (n->in_flight.empty()) {
    return connection_lost(*n, Error{Errc::kMalformed, "an answer to nothing", 0}, false, {});
  }
  Reader reader(frame);
  const Request& head = n->in_flight.front();
  auto id = kafka::decode_response_header(reader, head.api_key, head.version);
  if (!id || *id != head.correlation_id) {
    return connection_lost(*n, Error{Errc::kMalformed, "correlation id does not match", 0}, false, {});
  }
  Request request = std::move(n->in_flight.front());
  n->in_flight.pop_front();
  request.done(frame.sub(reader.position()), request.version);
}

void KafkaClient::on_closed(ConnId conn, Error why, std::string first_bytes) {
  if (Node* n = by_conn(conn)) connection_lost(*n, why, true, first_bytes);
}

void KafkaClient::disconnect(BrokerId id) {
  auto it = nodes_.find(id);
  if (it == nodes_.end() || it->second->state == State::kDown) return;
  connection_lost(*it->second, Error{Errc::kDisconnected, "closed by the client", 0}, false, {});
}

void KafkaClient::connection_lost(Node& n, Error why, bool told_by_peer, const std::string& first_bytes) {
  const State was = std::exchange(n.state, State::kDown);
  if (was == State::kDown) return;
  if (was == State::kConnecting && told_by_peer && why.code != Errc::kTimeout && why.code != Errc::kResolve) {
    log_.warn("Connection to node {} ({}) could not be established. Broker may not be available.", n.id,
              connector_.peer(n.conn));
  }
  if (!told_by_peer) connector_.close(n.conn);
  by_conn_.erase(std::exchange(n.conn, 0));
  if (n.id < 0 && !has_metadata_ && config_.warn_bootstrap) {
    log_.warn("Bootstrap broker {} (id: {} rack: null) disconnected", n.address.text(), n.id);
  }
  // KIP-144: 50 ms, doubling to 1 s, 20% of jitter either way.
  const int64_t base = std::min<int64_t>(int64_t{config_.reconnect_backoff_ms} << std::min(n.failures, 16),
                                         std::max(config_.reconnect_backoff_max_ms, config_.reconnect_backoff_ms));
  ++n.failures;
  n.not_before = now() + ms(rng_.between(base * 8 / 10, base * 12 / 10));
  auto alive = alive_;
  const HostPort address = n.address;
  if (!first_bytes.empty() && peer_listener_) {
    const PeerKind kind = recognise_peer(first_bytes);
    if (kind != PeerKind::kUnknown && told_peers_.insert(address.text()).second) peer_listener_(kind, address.text());
  }
  if (was != State::kReady && failure_listener_) failure_listener_(address, why, was == State::kNegotiating);
  if (!*alive) return;
  std::deque<Request> failed = std::move(n.in_flight);
  n.in_flight.clear();
  for (Request& r : n.queued) failed.push_back(std::move(r));
  n.queued.clear();
  const Error lost{Errc::kDisconnected, "the connection ended", why.detail};
  const TimePoint at = now();
  for (Request& r : failed) {
    r.done(std::unexpected(r.deadline <= at ? Error{Errc::kTimeout, "no answer in time", r.api_key} : lost), r.version);
    if (!*alive) return;
  }
  if (updates_ > 0 || !topics_.empty() || all_topics_) request_metadata();
}

void KafkaClient::arm_deadline(Node& n) {
  TimePoint first = TimePoint::max();
  if (n.state == State::kNegotiating) first = n.negotiation_deadline;
  // Few are in flight; of those that wait for the connection the ends are enough, check_deadlines() looks at all.
  for (const Request& r : n.in_flight) first = std::min(first, r.deadline);
  if (!n.queued.empty()) first = std::min({first, n.queued.front().deadline, n.queued.back().deadline});
  if (first == TimePoint::max() || (n.deadline_timer != 0 && n.deadline_at <= first)) return;
  executor_.cancel(n.deadline_timer);
  n.deadline_at = first;
  n.deadline_timer = executor_.at(first, [this, id = n.id] {
    nodes_.at(id)->deadline_timer = 0;
    check_deadlines(id);
  });
}

void KafkaClient::check_deadlines(BrokerId id) {
  Node& n = *nodes_.at(id);
  const TimePoint at = now();
  const bool late =
      std::any_of(n.in_flight.begin(), n.in_flight.end(), [&](const Request& r) { return r.deadline <= at; });
  if (late || (n.state == State::kNegotiating && n.negotiation_deadline <= at)) {
    log_.info("Disconnecting from node {} due to request timeout.", n.id);
    auto alive = alive_;
    connection_lost(n, Error{Errc::kTimeout, "no answer in time", 0}, false, {});
    if (!*alive) return;
  }
  std::vector<RawDone> expired;
  for (auto it = n.queued.begin(); it != n.queued.end();) {
    if (it->deadline <= at) {
      expired.push_back(std::move(it->done));
      it = n.queued.erase(it);
    } else {
      ++it;
    }
  }
  arm_deadline(n);
  auto alive = alive_;
  for (RawDone& done : expired) {
    done(std::unexpected(Error{Errc::kTimeout, "no connection in time", 0}), 0);
    if (!*alive) return;
  }
}

}  // namespace kz::client
