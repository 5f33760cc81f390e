// Why keys that Kafka knows have no effect here: said once at start for each that is set, and when one is altered.
#include <algorithm>

#include "core/broker/config_table.h"

namespace kz::broker {
namespace {

constexpr std::string_view kTls = "TLS and SASL are not served yet";
constexpr std::string_view kReplication = "brokers do not replicate to each other yet";
constexpr std::string_view kQuota = "quotas are not enforced yet";
constexpr std::string_view kJvm = "there is no JVM, so no Java classes and no JMX";
constexpr std::string_view kSizing =
    "requests run on the network threads and wait in no queue or purgatory that has a size";

struct Reason {
  std::string_view prefix;
  std::string_view why;
};
// The first prefix that fits.
constexpr Reason kReasons[] = {
    {"alter.config.policy.class.name", kJvm},
    {"alter.log.dirs.replication.quota.", kQuota},
    {"authorizer.class.name", "there is no authorization yet: everybody may do everything"},
    {"auto.include.jmx.reporter", kJvm},
    {"background.threads", kSizing},
    {"client.quota.callback.class", kJvm},
    {"connection.failed.authentication.delay.ms", kTls},
    {"connections.max.reauth.ms", kTls},
    {"control.plane.listener.name", kReplication},
    {"controlled.shutdown.", kReplication},
    {"controller.quota.", kQuota},
    {"controller.socket.timeout.ms", kReplication},
    {"create.topic.policy.class.name", kJvm},
    {"delegation.token.", kTls},
    {"delete.records.purgatory.", kSizing},
    {"early.start.listeners", "all listeners start together"},
    {"fetch.purgatory.", kSizing},
    {"follower.replication.throttled.", kReplication},
    {"kafka.metrics.", kJvm},
    {"leader.replication.throttled.", kReplication},
    {"log.cleaner.", "there is no log cleaner yet"},
    {"log.message.downconversion.enable", "old formats are not served: Fetch starts at version 4"},
    {"log.message.format.version", "batches are always written in format 2"},
    {"max.incremental.fetch.session.cache.slots", "every fetch is a full one"},
    {"metric", kJvm},
    {"num.replica.", kReplication},
    {"password.encoder.", "no passwords are kept in ZooKeeper yet"},
    {"principal.builder.class", kJvm},
    {"producer.purgatory.", kSizing},
    {"queued.max.requests", kSizing},
    {"quota.", kQuota},
    {"replica.alter.log.dirs.", kQuota},
    {"replica", kReplication},
    {"sasl.", kTls},
    {"security.inter.broker.protocol", kReplication},
    {"security.providers", kJvm},
    {"socket.connection.setup.timeout.", kReplication},
    {"ssl.", kTls},
    {"transaction", "there are no transactions yet"},
    {"zookeeper.clientCnxnSocket", kJvm},
    {"zookeeper.max.in.flight.requests", "requests to ZooKeeper are sent as they come"},
    {"zookeeper.metadata.migration.enable", "KRaft is not served"},
    {"zookeeper.ssl.", "connections to ZooKeeper have no TLS yet"},
};

}  // namespace

std::string_view no_effect_reason(const ConfigKey& key) {
  if (key.honoured) return {};
  for (const Reason& r : kReasons) {
    if (key.name.starts_with(r.prefix)) return r.why;
  }
  return "it belongs to what is not served here";
}

bool listener_limit_key(std::string_view key) {
  return key == "max.connections" || key == "max.connection.creation.rate";
}

}  // namespace kz::broker
