// Broker: takes requests from connections, finds the handler by api key and version, and holds what handlers share.
// Source: KafkaApis.scala, ApiVersionManager.scala @ 3.4.0.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/guarded.h"
#include "core/base/log.h"
#include "core/broker/dynamic_config.h"
#include "core/broker/metadata_image.h"
#include "core/broker/replica_manager.h"
#include "core/broker/request_context.h"
#include "core/broker/topic_admin.h"
#include "core/kafka/codec.h"
#include "core/ports_net.h"

namespace kz::broker {

class ProducerIds;

struct ApiRange {
  int16_t api_key = 0;
  int16_t min_version = 0;
  int16_t max_version = 0;
};

// Thread-safe: requests of different connections are handled at once on their reactors. Handlers are registered before
// the first request and never change.
class Broker : public RequestService {
 public:
  // configs and store outlive the broker; nothing fails in the store after the broker is gone. Installs store.config_of
  // and adds itself to store.on_directory_failed.
  Broker(BrokerConfigs& configs, LogStore& store, BrokerId id, std::string cluster_id);
  ~Broker() override;

  // ---- dispatch ----

  // Advertises and serves versions [min, max] of a request. The handler answers through its context, or keeps it:
  //   auto later = std::make_shared<RequestContext>(context.respond_later());
  // F is callable with (Broker&, RequestContext&, Req&&).
  template <class Req, class F>
  void register_handler(F handler, int16_t min_version = Req::kMinVersion, int16_t max_version = Req::kMaxVersion) {
    add(Req::kApiKey, min_version, max_version,
        [this, handler = std::move(handler)](RequestContext& context, Reader& body) mutable -> Status {
          KZ_TRY(Req request, kafka::decode_body<Req>(body, context.version()));
          handler(*this, context, std::move(request));
          return {};
        });
  }
  // What ApiVersions answers: computed from the handlers, in order of api key.
  std::vector<ApiRange> api_ranges() const;

  void on_request(IncomingRequest request) override;
  void on_closed(ConnId conn) override;

  // The operation of a connection that outlives its handler's call and is to be dropped when the connection closes. One
  // at a time, as a connection has one request in execution; a later one replaces it.
  void set_pending(ConnId conn, std::weak_ptr<DelayedOperation> operation);
  void clear_pending(ConnId conn);

  // ---- shared by handlers ----

  BrokerId id() const { return id_; }
  const std::string& cluster_id() const { return cluster_id_; }
  BrokerConfigs& configs() { return configs_; }
  // Keys that only a restart changes; plain reads. Dynamic ones: configs().current().
  const KafkaConfig& config() const { return static_config_; }
  ReplicaManager& replicas() { return replicas_; }
  MetadataImagePtr image() const { return replicas_.image(); }

  // Set by the composition before requests come.
  TopicAdmin* topic_admin = nullptr;
  ProducerIds* producer_ids = nullptr;
  // The dynamic configuration of this broker or of all changed; configs() has it already. Control thread.
  std::function<void()> on_config_changed;
  // A log directory failed, after the waiting were told; any thread.
  std::function<void()> on_directory_failed;

  // ---- told by the controller's side (any thread, one at a time) ----

  void apply_metadata(const MetadataUpdate& update) { replicas_.apply_metadata(update); }
  LeadershipResult become_leader_or_follower(const LeaderAndIsrUpdate& update) {
    return replicas_.become_leader_or_follower(update);
  }
  LeadershipResult stop_replicas(const StopReplicaUpdate& update) { return replicas_.stop_replicas(update); }
  // The overrides of a topic as stored under /config/topics (empty: none). At start, before the logs are loaded, and
  // with every change.
  void set_topic_overrides(const std::string& topic, std::map<std::string, std::string> overrides);
  // /config/brokers/<id> (per_broker) and /config/brokers/<default>.
  void set_dynamic_broker_config(bool per_broker, std::map<std::string, std::string> properties);

 private:
  using Handler = std::move_only_function<Status(RequestContext&, Reader&)>;
  struct Entry {
    ApiRange range;
    Handler handler;  // empty: not served
  };
  static constexpr size_t kApiKeys = 80;  // above the largest key of 3.4

  void add(int16_t api_key, int16_t min_version, int16_t max_version, Handler handler);

  BrokerConfigs& configs_;
  const KafkaConfig static_config_;
  const BrokerId id_;
  const std::string cluster_id_;
  ReplicaManager replicas_;
  std::array<Entry, kApiKeys> entries_;
  // Sharded by connection, so that reactors rarely meet on one guard.
  struct alignas(64) PendingShard {
    Guarded<std::map<ConnId, std::weak_ptr<DelayedOperation>>> operations;
  };
  std::array<PendingShard, 16> pending_;
  log::Logger log_;
};

}  // namespace kz::broker
