#include "core/broker/service.h"

#include <utility>

#include "core/base/check.h"
#include "core/kafka/message/api_versions.h"

namespace kz::broker {

namespace {
// Dynamic keys that a running broker follows, beside topics' defaults.
bool takes_effect_at_once(std::string_view key) {
  return topic_default_key(key) || listener_limit_key(key) || key == "max.connections.per.ip" ||
         key == "max.connections.per.ip.overrides" || key == "num.network.threads" ||
         key == "producer.id.expiration.ms";
}
std::string peer_of(const IncomingRequest& request) {
  return request.connection->client_address + ":" + std::to_string(request.connection->client_port);
}
}  // namespace

Broker::Broker(BrokerConfigs& configs, LogStore& store, BrokerId id, std::string cluster_id)
    : configs_(configs),
      static_config_(*configs.current()),
      id_(id),
      cluster_id_(std::move(cluster_id)),
      replicas_(id, store),
      log_("kafka.server.KafkaApis", "KafkaApi-" + std::to_string(id)) {
  store.config_of = [this](const std::string& topic) { return configs_.log_config(topic); };
  store.on_directory_failed = [this, next = store.on_directory_failed](const std::string& dir, const std::string& why) {
    if (next) next(dir, why);
    replicas_.wake_offline();
    if (on_directory_failed) on_directory_failed();
  };
}

Broker::~Broker() = default;

void Broker::add(int16_t api_key, int16_t min_version, int16_t max_version, Handler handler) {
  KZ_ASSERT(api_key >= 0 && static_cast<size_t>(api_key) < kApiKeys && min_version <= max_version);
  Entry& entry = entries_[static_cast<size_t>(api_key)];
  KZ_ASSERT_MSG(!entry.handler, "two handlers for one api key");
  entry.range = {api_key, min_version, max_version};
  entry.handler = std::move(handler);
}

std::vector<ApiRange> Broker::api_ranges() const {
  std::vector<ApiRange> out;
  for (const Entry& entry : entries_) {
    if (entry.handler) out.push_back(entry.range);
  }
  return out;
}

void Broker::on_request(IncomingRequest request) {
  const Slice frame = request.frame;  // outlives the reader, which hands out parts of it
  Reader reader(frame);
  auto header = kafka::decode_request_header(reader);
  const size_t key = header && header->api_key >= 0 ? static_cast<size_t>(header->api_key) : kApiKeys;
  if (!header || key >= kApiKeys || !entries_[key].handler) {
    log_.warn("Closing socket for {} because of error: {} api_key={}", peer_of(request),
              header ? "request for an api that this broker does not serve" : header.error().what,
              header ? header->api_key : -1);
    request.reply->close();
    return;
  }
  Entry& entry = entries_[key];
  const int16_t version = header->api_version;
  if (version < entry.range.min_version || version > entry.range.max_version) {
    // KIP-511: a client that does not know the broker's age may ask with a version of the future, and must be able to
    // read the answer.
    if (header->api_key == kafka::ApiVersionsRequest::kApiKey) {
      kafka::ApiVersionsResponse response;
      response.error_code = kafka::ErrorCode::kUnsupportedVersion;
      response.api_keys.push_back({entry.range.api_key, entry.range.min_version, entry.range.max_version});
      request.reply->send(kafka::encode_response(header->correlation_id, 0, response));
      return;
    }
    log_.warn("Closing socket for {} because of error: unsupported version api_key={} version={} client_id={}",
              peer_of(request), header->api_key, version, header->client_id.value_or(""));
    request.reply->close();
    return;
  }
  RequestContext context(std::move(*header), std::move(request));
  const Status done = entry.handler(context, reader);
  if (!done) {
    log_.warn("Closing socket for {}:{} because of error: {} ({}) api_key={} version={}",
              context.connection().client_address, context.connection().client_port, done.error().what,
              errc_text(done.error().code), entry.range.api_key, version);
    context.close();
  }
}

void Broker::on_closed(ConnId conn) {
  const auto operation = pending_[conn % pending_.size()].operations.with([&](auto& operations) {
    const auto it = operations.find(conn);
    if (it == operations.end()) return std::shared_ptr<DelayedOperation>();
    auto found = it->second.lock();
    operations.erase(it);
    return found;
  });
  if (operation) operation->executor().post([operation] { operation->cancel(); });
}

void Broker::set_pending(ConnId conn, std::weak_ptr<DelayedOperation> operation) {
  pending_[conn % pending_.size()].operations.with(
      [&](auto& operations) { operations.insert_or_assign(conn, std::move(operation)); });
}

void Broker::clear_pending(ConnId conn) {
  pending_[conn % pending_.size()].operations.with([&](auto& operations) { operations.erase(conn); });
}

void Broker::set_topic_overrides(const std::string& topic, std::map<std::string, std::string> overrides) {
  configs_.set_topic(topic, std::move(overrides));
  replicas_.set_topic_config(topic, configs_.log_config(topic));
}

void Broker::set_dynamic_broker_config(bool per_broker, std::map<std::string, std::string> properties) {
  for (const std::string& key : configs_.set_dynamic(per_broker, properties)) {
    log_.warn("Dynamic configuration {} is not valid and is left out", key);
  }
  for (const auto& [key, value] : properties) {
    const std::string_view base = listener_config_base(key);
    const ConfigKey* known = find_broker_key(base.empty() ? std::string_view(key) : base);
    if (!known) continue;  // kept for plugins
    std::string_view why = no_effect_reason(*known);
    if (why.empty() && !takes_effect_at_once(base.empty() ? std::string_view(key) : base)) {
      why = "it is read at the next start";
    }
    if (!why.empty()) log_.warn("Dynamic configuration {} is stored and has no effect: {}", key, why);
  }
  if (on_config_changed) on_config_changed();
  for (const auto& partition : replicas_.all()) {
    const std::string& topic = partition->topic_partition().topic;
    partition->log().set_config(configs_.log_config(topic));
    partition->set_min_insync_replicas(configs_.log_config(topic).min_insync_replicas);
  }
}

}  // namespace kz::broker
