// The keys of Kafka's three clients as data. Source: AdminClientConfig, ProducerConfig, ConsumerConfig @ 3.4.0.
#pragma once
#include <span>
#include <string_view>

#include "cmd/client_config.h"
#include "core/broker/config_table.h"

namespace kz::cmd {

struct ClientKey {
  broker::ConfigKey key;  // default_value: for the kinds that have no other one
  uint8_t kinds = 0;      // bits of ClientKind
  bool of(ClientKind kind) const { return (kinds & static_cast<uint8_t>(kind)) != 0; }
  const char* default_for(ClientKind) const { return key.default_value; }
};

std::span<const ClientKey> client_keys();
const ClientKey* find_client_key(std::string_view name);

}  // namespace kz::cmd
