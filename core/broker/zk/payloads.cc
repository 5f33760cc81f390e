#include "core/broker/zk/payloads.h"

#include <boost/json.hpp>
#include <charconv>

namespace kz::broker {
namespace {

namespace json = boost::json;

Result<json::object> parse_object(std::string_view text, const char* what) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return fail(Errc::kMalformed, what);
  return std::move(value.as_object());
}

const json::value* member(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

std::optional<int64_t> number(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  if (!value) return std::nullopt;
  if (const int64_t* i = value->if_int64()) return *i;
  if (const json::string* s = value->if_string()) {  // timestamps and block bounds are strings of digits
    int64_t out = 0;
    const auto [end, error] = std::from_chars(s->data(), s->data() + s->size(), out);
    if (error == std::errc{} && end == s->data() + s->size()) return out;
  }
  return std::nullopt;
}

std::optional<std::string> text(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  if (!value) return std::nullopt;
  if (const json::string* s = value->if_string()) return std::string(s->data(), s->size());
  return std::nullopt;
}

std::optional<std::vector<BrokerId>> broker_list(const json::value& value) {
  const json::array* array = value.if_array();
  if (!array) return std::nullopt;
  std::vector<BrokerId> out;
  for (const json::value& item : *array) {
    const int64_t* id = item.if_int64();
    if (!id) return std::nullopt;
    out.push_back(static_cast<BrokerId>(*id));
  }
  return out;
}

json::array broker_array(const std::vector<BrokerId>& brokers) {
  json::array out;
  for (const BrokerId id : brokers) out.push_back(id);
  return out;
}

std::string dump(const json::object& object) { return json::serialize(object); }

std::optional<int32_t> to_int(std::string_view digits) {
  int32_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

std::string endpoint_url(const Endpoint& e) {
  const bool v6 = e.host.find(':') != std::string::npos;
  return e.listener + "://" + (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

// "LISTENER://host:port", the host possibly bracketed.
std::optional<Endpoint> parse_endpoint(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t colon = url.rfind(':');
  if (scheme == std::string_view::npos || colon == std::string_view::npos || colon < scheme + 3) return std::nullopt;
  Endpoint out;
  out.listener = url.substr(0, scheme);
  std::string_view host = url.substr(scheme + 3, colon - scheme - 3);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  out.host = host;
  const auto port = to_int(url.substr(colon + 1));
  if (!port) return std::nullopt;
  out.port = *port;
  return out;
}

}  // namespace

std::string encode_broker(const BrokerNode& node) {
  json::object out;
  out["features"] = json::object();
  json::object map;
  json::array endpoints;
  const Endpoint* plain = nullptr;
  for (const Endpoint& e : node.endpoints) {
    map[e.listener] = e.security_protocol;
    endpoints.push_back(json::string(endpoint_url(e)));
    if (!plain && e.security_protocol == "PLAINTEXT") plain = &e;
  }
  out["listener_security_protocol_map"] = std::move(map);
  out["endpoints"] = std::move(endpoints);
  if (node.rack) out["rack"] = *node.rack;
  out["jmx_port"] = node.jmx_port;
  out["port"] = plain ? plain->port : -1;
  if (plain) {
    out["host"] = plain->host;
  } else {
    out["host"] = nullptr;
  }
  out["version"] = 5;
  out["timestamp"] = std::to_string(node.timestamp_ms);
  return dump(out);
}

Result<BrokerNode> decode_broker(BrokerId id, std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "broker registration"));
  BrokerNode out;
  out.id = id;
  const int64_t version = number(object, "version").value_or(-1);
  if (version < 1) return fail(Errc::kUnsupportedVersion, "broker registration", version);
  out.jmx_port = static_cast<int32_t>(number(object, "jmx_port").value_or(-1));
  out.rack = text(object, "rack");
  out.timestamp_ms = number(object, "timestamp").value_or(0);
  if (version == 1) {
    const auto host = text(object, "host");
    const auto port = number(object, "port");
    if (!host || !port) return fail(Errc::kMalformed, "broker registration without host and port");
    out.endpoints.push_back({"PLAINTEXT", "PLAINTEXT", *host, static_cast<int32_t>(*port)});
    return out;
  }
  const json::value* endpoints = member(object, "endpoints");
  if (!endpoints || !endpoints->is_array()) return fail(Errc::kMalformed, "broker registration without endpoints");
  const json::value* map = member(object, "listener_security_protocol_map");
  for (const json::value& item : endpoints->get_array()) {
    const json::string* url = item.if_string();
    if (!url) return fail(Errc::kMalformed, "broker registration endpoint");
    auto endpoint = parse_endpoint({url->data(), url->size()});
    if (!endpoint) return fail(Errc::kMalformed, "broker registration endpoint");
    endpoint->security_protocol = endpoint->listener;
    if (map && map->is_object()) {
      if (auto protocol = text(map->get_object(), endpoint->listener)) endpoint->security_protocol = *protocol;
    }
    out.endpoints.push_back(std::move(*endpoint));
  }
  return out;
}

std::string encode_topic(const TopicNode& node) {
  json::object partitions;
  json::object adding;
  json::object removing;
  for (const auto& [index, assignment] : node.partitions) {
    const std::string key = std::to_string(index);
    partitions[key] = broker_array(assignment.replicas);
    if (!assignment.adding.empty()) adding[key] = broker_array(assignment.adding);
    if (!assignment.removing.empty()) removing[key] = broker_array(assignment.removing);
  }
  json::object out;
  out["removing_replicas"] = std::move(removing);
  out["partitions"] = std::move(partitions);
  if (!node.topic_id.is_zero()) out["topic_id"] = node.topic_id.to_string();
  out["adding_replicas"] = std::move(adding);
  out["version"] = 3;
  return dump(out);
}

Result<TopicNode> decode_topic(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "topic"));
  TopicNode out;
  if (const auto id = text(object, "topic_id")) {
    const auto uuid = kafka::Uuid::parse(*id);
    if (!uuid) return fail(Errc::kMalformed, "topic id");
    out.topic_id = *uuid;
  }
  const auto read = [&](const char* key, std::vector<BrokerId> ReplicaAssignment::* field) -> Status {
    const json::value* value = member(object, key);
    if (!value || !value->is_object()) return {};
    for (const auto& item : value->get_object()) {
      const auto index = to_int({item.key().data(), item.key().size()});
      auto brokers = broker_list(item.value());
      if (!index || !brokers) return fail(Errc::kMalformed, "topic partitions");
      out.partitions[*index].*field = std::move(*brokers);
    }
    return {};
  };
  KZ_CHECK(read("partitions", &ReplicaAssignment::replicas));
  KZ_CHECK(read("adding_replicas", &ReplicaAssignment::adding));
  KZ_CHECK(read("removing_replicas", &ReplicaAssignment::removing));
  return out;
}

std::string encode_partition_state(const PartitionStateNode& node) {
  json::object out;
  out["controller_epoch"] = node.controller_epoch;
  out["leader"] = node.leader;
  out["version"] = 1;
  out["leader_epoch"] = node.leader_epoch;
  out["isr"] = broker_array(node.isr);
  if (node.recovering) out["leader_recovery_state"] = 1;
  return dump(out);
}

Result<PartitionStateNode> decode_partition_state(std::string_view data, int32_t zk_version) {
  KZ_TRY(const json::object object, parse_object(data, "partition state"));
  const auto leader = number(object, "leader");
  const auto epoch = number(object, "leader_epoch");
  const auto controller = number(object, "controller_epoch");
  const json::value* isr = member(object, "isr");
  if (!leader || !epoch || !controller || !isr) return fail(Errc::kMalformed, "partition state");
  auto brokers = broker_list(*isr);
  if (!brokers) return fail(Errc::kMalformed, "partition state isr");
  PartitionStateNode out;
  out.leader = static_cast<BrokerId>(*leader);
  out.leader_epoch = static_cast<LeaderEpoch>(*epoch);
  out.controller_epoch = static_cast<int32_t>(*controller);
  out.isr = std::move(*brokers);
  out.recovering = number(object, "leader_recovery_state").value_or(0) == 1;
  out.partition_epoch = zk_version;
  return out;
}

std::string encode_config(const ConfigMap& config) {
  json::object values;
  for (const auto& [key, value] : config) values[key] = value;
  json::object out;
  out["version"] = 1;
  out["config"] = std::move(values);
  return dump(out);
}

Result<ConfigMap> decode_config(std::string_view data) {
  ConfigMap out;
  if (data.empty()) return out;
  KZ_TRY(const json::object object, parse_object(data, "configuration"));
  if (number(object, "version").value_or(1) != 1) return fail(Errc::kUnsupportedVersion, "configuration");
  const json::value* values = member(object, "config");
  if (!values) return out;
  if (!values->is_object()) return fail(Errc::kMalformed, "configuration");
  for (const auto& item : values->get_object()) {
    const json::string* value = item.value().if_string();
    if (!value) return fail(Errc::kMalformed, "configuration value");
    out.emplace(std::string(item.key().data(), item.key().size()), std::string(value->data(), value->size()));
  }
  return out;
}

std::string encode_config_change(std::string_view entity_path) {
  json::object out;
  out["version"] = 2;
  out["entity_path"] = json::string_view(entity_path.data(), entity_path.size());
  return dump(out);
}

Result<std::string> decode_config_change(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "configuration change"));
  const int64_t version = number(object, "version").value_or(-1);
  if (version == 1) {
    const auto type = text(object, "entity_type");
    const auto name = text(object, "entity_name");
    if (!type || !name || (*type != "topics" && *type != "clients")) {
      return fail(Errc::kMalformed, "configuration change");
    }
    return *type + "/" + *name;
  }
  if (version != 2) return fail(Errc::kUnsupportedVersion, "configuration change", version);
  const auto path = text(object, "entity_path");
  if (!path) return fail(Errc::kMalformed, "configuration change");
  return *path;
}

std::string encode_controller(const ControllerNode& node) {
  json::object out;
  out["version"] = node.kraft_controller_epoch ? 2 : 1;
  out["brokerid"] = node.broker;
  out["timestamp"] = std::to_string(node.timestamp_ms);
  if (node.kraft_controller_epoch) out["kraftControllerEpoch"] = *node.kraft_controller_epoch;
  return dump(out);
}

Result<ControllerNode> decode_controller(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "controller"));
  const auto broker = number(object, "brokerid");
  if (!broker) return fail(Errc::kMalformed, "controller");
  ControllerNode out;
  out.broker = static_cast<BrokerId>(*broker);
  out.timestamp_ms = number(object, "timestamp").value_or(0);
  if (const auto epoch = number(object, "kraftControllerEpoch")) {
    out.kraft_controller_epoch = static_cast<int32_t>(*epoch);
  }
  return out;
}

std::string encode_controller_epoch(int32_t epoch) { return std::to_string(epoch); }

Result<int32_t> decode_controller_epoch(std::string_view data) {
  const auto epoch = to_int(data);
  if (!epoch) return fail(Errc::kMalformed, "controller epoch");
  return *epoch;
}

std::string encode_cluster_id(std::string_view id) {
  json::object out;
  out["version"] = "1";
  out["id"] = json::string_view(id.data(), id.size());
  return dump(out);
}

Result<std::string> decode_cluster_id(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "cluster id"));
  const auto id = text(object, "id");
  if (!id) return fail(Errc::kMalformed, "cluster id");
  return *id;
}

std::string encode_producer_id_block(const ProducerIdBlock& block) {
  json::object out;
  out["version"] = 1;
  out["broker"] = block.broker;
  out["block_start"] = std::to_string(block.start);
  out["block_end"] = std::to_string(block.end);
  return dump(out);
}

Result<ProducerIdBlock> decode_producer_id_block(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "producer id block"));
  const auto broker = number(object, "broker");
  const auto start = number(object, "block_start");
  const auto end = number(object, "block_end");
  if (!broker || !start || !end) return fail(Errc::kMalformed, "producer id block");
  return ProducerIdBlock{static_cast<BrokerId>(*broker), *start, *end};
}

std::string encode_reassignment(const std::map<TopicPartition, std::vector<BrokerId>>& partitions) {
  json::array list;
  for (const auto& [tp, replicas] : partitions) {
    json::object item;
    item["topic"] = tp.topic;
    item["partition"] = tp.partition;
    item["replicas"] = broker_array(replicas);
    list.push_back(std::move(item));
  }
  json::object out;
  out["version"] = 1;
  out["partitions"] = std::move(list);
  return dump(out);
}

Result<std::map<TopicPartition, std::vector<BrokerId>>> decode_reassignment(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "reassignment"));
  std::map<TopicPartition, std::vector<BrokerId>> out;
  const json::value* list = member(object, "partitions");
  if (!list || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) return fail(Errc::kMalformed, "reassignment");
    const auto topic = text(item.get_object(), "topic");
    const auto partition = number(item.get_object(), "partition");
    const json::value* replicas = member(item.get_object(), "replicas");
    if (!topic || !partition || !replicas) return fail(Errc::kMalformed, "reassignment");
    auto brokers = broker_list(*replicas);
    if (!brokers) return fail(Errc::kMalformed, "reassignment");
    out[{*topic, static_cast<int32_t>(*partition)}] = std::move(*brokers);
  }
  return out;
}

std::string encode_partition_list(const std::vector<TopicPartition>& partitions) {
  json::array list;
  for (const TopicPartition& tp : partitions) {
    json::object item;
    item["topic"] = tp.topic;
    item["partition"] = tp.partition;
    list.push_back(std::move(item));
  }
  json::object out;
  out["version"] = 1;
  out["partitions"] = std::move(list);
  return dump(out);
}

Result<std::vector<TopicPartition>> decode_partition_list(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "partition list"));
  std::vector<TopicPartition> out;
  const json::value* list = member(object, "partitions");
  if (!list || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) return fail(Errc::kMalformed, "partition list");
    const auto topic = text(item.get_object(), "topic");
    const auto partition = number(item.get_object(), "partition");
    if (!topic || !partition) return fail(Errc::kMalformed, "partition list");
    out.push_back({*topic, static_cast<int32_t>(*partition)});
  }
  return out;
}

std::string encode_log_dir_event(BrokerId broker) {
  json::object out;
  out["version"] = 1;
  out["broker"] = broker;
  out["event"] = 1;
  return dump(out);
}

Result<BrokerId> decode_log_dir_event(std::string_view data) {
  KZ_TRY(const json::object object, parse_object(data, "log directory event"));
  const auto broker = number(object, "broker");
  if (!broker) return fail(Errc::kMalformed, "log directory event");
  return static_cast<BrokerId>(*broker);
}

std::string encode_feature(bool enabled, bool min_levels) {
  json::object out;
  out["version"] = min_levels ? 1 : 2;
  out["status"] = enabled ? 1 : 0;
  out["features"] = json::object();
  return dump(out);
}

bool decode_feature_enabled(std::string_view data) {
  const auto object = parse_object(data, "feature");
  return object && number(*object, "status").value_or(0) == 1;
}

}  // namespace kz::broker
