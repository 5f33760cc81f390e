// KafkaClient: connections to the brokers of one cluster, versions negotiated per connection, requests with deadlines,
// and the metadata that says who leads what. Follows NetworkClient.java, ClusterConnectionStates.java @ 3.4.0; KIP-35,
// KIP-511, KIP-580. The WARN lines are Java's: people and scripts look for them.
// Owner: one executor; every call and callback on its thread. Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/bytes/reader.h"
#include "core/client/cluster.h"
#include "core/client/host_port.h"
#include "core/client/peer_hint.h"
#include "core/kafka/header.h"
#include "core/kafka/message/api_versions.h"
#include "core/ports_net.h"

namespace kz::client {

struct KafkaClientConfig {
  std::vector<HostPort> bootstrap;
  std::string client_id;
  std::string log_prefix;  // "Producer clientId=console-producer": what stands in brackets before each line
  int32_t request_timeout_ms = 30000;
  int32_t reconnect_backoff_ms = 50;
  int32_t reconnect_backoff_max_ms = 1000;
  int32_t retry_backoff_ms = 100;  // between metadata requests too
  int32_t metadata_max_age_ms = 300000;
  bool allow_auto_topic_creation = true;
  bool warn_bootstrap = true;  // "Bootstrap broker ... disconnected" (producer and consumer; not the admin client)
  size_t frame_max = size_t{512} * 1024 * 1024;
};

struct VersionRange {
  int16_t min = 0;
  int16_t max = -1;
};

// How one request is to be treated. Versions are cut to what the broker has.
struct SendOptions {
  int16_t min_version = 0;
  int16_t max_version = INT16_MAX;
  int32_t timeout_ms = 0;       // 0 = request.timeout.ms of the client
  bool expect_response = true;  // false: acks=0; done is called with an empty frame once the request is handed over
};

// Node ids: brokers' own; -1, -2... are the bootstrap servers; kLeastLoaded picks any; coordinator_of(id) is a second
// connection to broker id, so that group requests do not wait behind a long-polling fetch (as Java's).
inline constexpr BrokerId kLeastLoaded = INT32_MIN;
constexpr BrokerId coordinator_of(BrokerId id) { return INT32_MAX - id; }

class KafkaClient final : private ConnectionHandler {
 public:
  // Errors: kDisconnected (the connection ended or could not be made), kTimeout, kUnsupportedVersion (detail = api
  // key), kNotFound (no such node), kMalformed. The frame is the body's, header read; version is the one used.
  using RawDone = std::move_only_function<void(Result<Slice> body, int16_t version)>;
  // Makes the whole request frame for the version chosen.
  using EncodeFn = std::move_only_function<Result<Slice>(int16_t version, int32_t correlation_id)>;

  KafkaClient(KafkaClientConfig config, Connector& connector, Executor& executor, Rng& rng);
  ~KafkaClient() override;
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  void send_raw(BrokerId node, int16_t api_key, VersionRange ours, EncodeFn encode, SendOptions options, RawDone done);

  // The highest common version of Req. Callbacks never run inside the call.
  template <class Req, class Resp>
  void send(BrokerId node, Req request, SendOptions options,
            std::move_only_function<void(Result<Resp>, int16_t)> done) {
    send_made<Req, Resp>(
        node, [request = std::move(request)](int16_t) mutable { return std::move(request); }, options, std::move(done));
  }
  // The same, the request made once the version is known.
  template <class Req, class Resp, class Make>
  void send_made(BrokerId node, Make make, SendOptions options,
                 std::move_only_function<void(Result<Resp>, int16_t)> done) {
    EncodeFn encode = [this, make = std::move(make)](int16_t version, int32_t id) mutable -> Result<Slice> {
      Req request = make(version);
      KZ_CHECK(kafka::check(request, version));
      return kafka::encode_request(version, id, std::optional<std::string_view>(config_.client_id), request);
    };
    send_raw(node, Req::kApiKey, {Req::kMinVersion, Req::kMaxVersion}, std::move(encode), options,
             [done = std::move(done)](Result<Slice> body, int16_t version) mutable {
               if (!body) return done(std::unexpected(body.error()), version);
               if (body->empty()) return done(Resp{}, version);
               Reader reader(*body);
               done(kafka::decode_body<Resp>(reader, version), version);
             });
  }

  // The range a connected node advertised for an api; nullopt when not connected or it lacks the api.
  std::optional<VersionRange> versions(BrokerId node, int16_t api_key) const;
  bool ready(BrokerId node) const;
  size_t in_flight(BrokerId node) const;
  // A connected node with few requests outstanding, or one that may be tried; kLeastLoaded when all are backing off.
  BrokerId pick_node();
  bool any_ready() const;
  bool any_open() const;  // connected at all, ready or not
  // Begins to connect, respecting the back-off, unless a connection exists. The ready listener hears of success.
  void connect(BrokerId node);
  void set_ready_listener(std::function<void(BrokerId)> listener) { ready_listener_ = std::move(listener); }
  // Drops the connection; its requests fail with kDisconnected.
  void disconnect(BrokerId node);

  // ---- metadata ----
  const Cluster& cluster() const { return cluster_; }
  bool has_metadata() const { return has_metadata_; }
  uint64_t metadata_updates() const { return updates_; }
  // Which topics to keep track of. A topic not yet known triggers a request.
  void add_topic(const std::string& topic);
  void set_topics(std::set<std::string> topics);
  void want_all_topics(bool all);
  void request_metadata();  // soon, respecting the back-off
  // After each response and after each failed attempt (ok = false).
  using MetadataListener = std::function<void(bool ok)>;
  void set_metadata_listener(MetadataListener listener) { metadata_listener_ = std::move(listener); }
  // The leader epoch moved or a broker said so: the response's view of one topic, from elsewhere (admin).
  void adopt(const kafka::MetadataResponse& response);
  void forget_controller() { cluster_.controller = -1; }

  // A peer that is not a broker, as far as its bytes tell; once per address.
  using PeerListener = std::function<void(PeerKind, const std::string& host_port)>;
  void set_peer_listener(PeerListener listener) { peer_listener_ = std::move(listener); }
  // Each failed attempt to have a usable connection (refused, unresolved, closed before it said its versions).
  using FailureListener = std::function<void(const HostPort&, Error, bool before_ready)>;
  void set_failure_listener(FailureListener listener) { failure_listener_ = std::move(listener); }

  // Closes all connections; nothing is called any more.
  void close();

  const KafkaClientConfig& config() const { return config_; }
  Executor& executor() { return executor_; }
  Rng& rng() { return rng_; }
  const log::Logger& log() const { return log_; }

 private:
  struct Request {
    int16_t api_key = 0;
    int16_t version = 0;
    int32_t correlation_id = 0;
    VersionRange ours;
    SendOptions options;
    EncodeFn encode;
    RawDone done;
    TimePoint deadline;
  };
  enum class State : uint8_t { kDown, kConnecting, kNegotiating, kReady };
  struct Node {
    BrokerId id = 0;
    HostPort address;
    State state = State::kDown;
    ConnId conn = 0;
    int failures = 0;
    TimePoint not_before;
    TimePoint last_attempt;
    std::vector<std::pair<int16_t, VersionRange>> versions;  // by api key, sorted
    int16_t api_versions_version = 3;
    int32_t negotiation_id = 0;
    TimePoint negotiation_deadline;
    std::deque<Request> queued;
    std::deque<Request> in_flight;
    TimerId connect_timer = 0;
    TimerId deadline_timer = 0;
    TimePoint deadline_at;
  };

  void on_connected(ConnId conn) override;
  void on_frame(ConnId conn, Slice frame) override;
  void on_closed(ConnId conn, Error why, std::string first_bytes) override;

  Node* node(BrokerId id);  // made on demand from the bootstrap list or the metadata
  Node* by_conn(ConnId conn);
  void ensure_connection(Node& n);
  void open(Node& n);
  void negotiate(Node& n);
  void on_versions(Node& n, const Slice& frame);
  void flush(Node& n);
  void transmit(Node& n, Request request);
  void connection_lost(Node& n, Error why, bool told_by_peer, const std::string& first_bytes);
  void arm_deadline(Node& n);
  void check_deadlines(BrokerId id);
  void fail_later(RawDone done, Error why);
  void update_nodes();
  TimePoint now() const { return executor_.now().mono; }

  void pump_metadata();
  void on_metadata(Result<kafka::MetadataResponse> response);

  KafkaClientConfig config_;
  Connector& connector_;
  Executor& executor_;
  Rng& rng_;
  log::Logger log_;
  std::map<BrokerId, std::unique_ptr<Node>> nodes_;
  std::map<ConnId, Node*> by_conn_;
  int32_t next_correlation_ = 0;
  bool closed_ = false;

  Cluster cluster_;
  bool has_metadata_ = false;
  uint64_t updates_ = 0;
  std::set<std::string> topics_;
  bool all_topics_ = false;
  bool metadata_wanted_ = false;
  bool metadata_running_ = false;
  bool metadata_changed_ = false;  // the set of topics changed while a request was running
  int32_t metadata_correlation_ = 0;
  TimePoint metadata_at_;  // last success
  TimePoint metadata_not_before_;
  TimerId metadata_timer_ = 0;
  MetadataListener metadata_listener_;
  std::function<void(BrokerId)> ready_listener_;
  PeerListener peer_listener_;
  FailureListener failure_listener_;
  std::set<std::string> told_peers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kz::client
