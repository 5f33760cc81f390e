#include "cmd/client_keys.h"

namespace kz::cmd {
namespace {

using broker::ConfigDynamic;
using broker::ConfigType;
using broker::Constraint;

constexpr uint8_t kA = 1, kP = 2, kC = 4, kAll = 7;

// honoured: false = known, typed, checked, without effect here and said so.
constexpr ClientKey key(std::string_view name, ConfigType type, const char* value, uint8_t kinds, bool honoured,
                        Constraint constraint = Constraint::none()) {
  return {{name, type, value, constraint, ConfigDynamic::kReadOnly, {}, honoured, {}}, kinds};
}

constexpr auto kB = ConfigType::kBoolean;
constexpr auto kS = ConfigType::kString;
constexpr auto kI = ConfigType::kInt;
constexpr auto kL = ConfigType::kLong;
constexpr auto kLi = ConfigType::kList;
constexpr auto kCl = ConfigType::kClass;

constexpr ClientKey kKeys[] = {
    key("bootstrap.servers", kLi, "", kAll, true),
    key("client.id", kS, "", kAll, true),
    key("client.dns.lookup", kS, "use_all_dns_ips", kAll, false,
        Constraint::one_of("default,use_all_dns_ips,resolve_canonical_bootstrap_servers_only")),
    key("metadata.max.age.ms", kL, "300000", kAll, true, Constraint::at_least(0)),
    key("send.buffer.bytes", kI, "131072", kAll, true, Constraint::at_least(-1)),
    key("receive.buffer.bytes", kI, "65536", kAll, true, Constraint::at_least(-1)),
    key("reconnect.backoff.ms", kL, "50", kAll, true, Constraint::at_least(0)),
    key("reconnect.backoff.max.ms", kL, "1000", kAll, true, Constraint::at_least(0)),
    key("retry.backoff.ms", kL, "100", kAll, true, Constraint::at_least(0)),
    key("request.timeout.ms", kI, "30000", kAll, true, Constraint::at_least(0)),
    key("socket.connection.setup.timeout.ms", kL, "10000", kAll, true),
    key("socket.connection.setup.timeout.max.ms", kL, "30000", kAll, false),
    key("connections.max.idle.ms", kL, "540000", kAll, false),
    key("retries", kI, "2147483647", kA | kP, true, Constraint::at_least(0)),
    key("default.api.timeout.ms", kI, "60000", kA | kC, true, Constraint::at_least(0)),
    key("metrics.sample.window.ms", kL, "30000", kAll, false, Constraint::at_least(0)),
    key("metrics.num.samples", kI, "2", kAll, false, Constraint::at_least(1)),
    key("metric.reporters", kLi, "", kAll, false),
    key("metrics.recording.level", kS, "INFO", kAll, false),
    key("auto.include.jmx.reporter", kB, "true", kAll, false),
    key("security.providers", kS, nullptr, kAll, false),
    key("security.protocol", kS, "PLAINTEXT", kAll, true),
    key("interceptor.classes", kLi, "", kP | kC, false),
    // producer
    key("buffer.memory", kL, "33554432", kP, true, Constraint::at_least(0)),
    key("acks", kS, "all", kP, true, Constraint::one_of("all,-1,0,1")),
    key("compression.type", kS, "none", kP, true, Constraint::one_of("none,gzip,snappy,lz4,zstd")),
    key("batch.size", kI, "16384", kP, true, Constraint::at_least(0)),
    key("partitioner.adaptive.partitioning.enable", kB, "true", kP, false),
    key("partitioner.availability.timeout.ms", kL, "0", kP, false, Constraint::at_least(0)),
    key("partitioner.ignore.keys", kB, "false", kP, true),
    key("linger.ms", kL, "0", kP, true, Constraint::at_least(0)),
    key("delivery.timeout.ms", kI, "120000", kP, true, Constraint::at_least(0)),
    key("max.request.size", kI, "1048576", kP, true, Constraint::at_least(0)),
    key("max.block.ms", kL, "60000", kP, true, Constraint::at_least(0)),
    key("metadata.max.idle.ms", kL, "300000", kP, false, Constraint::at_least(5000)),
    key("max.in.flight.requests.per.connection", kI, "5", kP, true, Constraint::at_least(1)),
    key("key.serializer", kCl, nullptr, kP, false),
    key("value.serializer", kCl, nullptr, kP, false),
    key("partitioner.class", kCl, nullptr, kP, false),
    key("enable.idempotence", kB, "true", kP, true),
    key("transaction.timeout.ms", kI, "60000", kP, false),
    key("transactional.id", kS, nullptr, kP, false),
    // consumer
    key("group.id", kS, nullptr, kC, true),
    key("group.instance.id", kS, nullptr, kC, true),
    key("session.timeout.ms", kI, "45000", kC, true),
    key("heartbeat.interval.ms", kI, "3000", kC, true),
    key("partition.assignment.strategy", kLi,
        "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        kC, true),
    key("enable.auto.commit", kB, "true", kC, true),
    key("auto.commit.interval.ms", kI, "5000", kC, true, Constraint::at_least(0)),
    key("client.rack", kS, "", kC, true),
    key("max.partition.fetch.bytes", kI, "1048576", kC, true, Constraint::at_least(0)),
    key("fetch.min.bytes", kI, "1", kC, true, Constraint::at_least(0)),
    key("fetch.max.bytes", kI, "52428800", kC, true, Constraint::at_least(0)),
    key("fetch.max.wait.ms", kI, "500", kC, true, Constraint::at_least(0)),
    key("auto.offset.reset", kS, "latest", kC, true, Constraint::one_of("latest,earliest,none")),
    key("check.crcs", kB, "true", kC, true),
    key("key.deserializer", kCl, nullptr, kC, true),
    key("value.deserializer", kCl, nullptr, kC, true),
    key("max.poll.records", kI, "500", kC, true, Constraint::at_least(1)),
    key("max.poll.interval.ms", kI, "300000", kC, true, Constraint::at_least(1)),
    key("exclude.internal.topics", kB, "true", kC, true),
    key("isolation.level", kS, "read_uncommitted", kC, true, Constraint::one_of("read_committed,read_uncommitted")),
    key("allow.auto.create.topics", kB, "true", kC, true),
};

}  // namespace

std::span<const ClientKey> client_keys() { return kKeys; }

const ClientKey* find_client_key(std::string_view name) {
  for (const ClientKey& k : kKeys) {
    if (k.key.name == name) return &k;
  }
  return nullptr;
}

}  // namespace kz::cmd
