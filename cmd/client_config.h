// The configuration of the tools' clients: files given by --command-config, --producer.config..., single properties,
// and what the options say. Keys and types are AdminClientConfig, ProducerConfig and ConsumerConfig @ 3.4.0.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "core/client/kafka_client.h"

namespace kz::cmd {

enum class ClientKind : uint8_t { kAdmin = 1, kProducer = 2, kConsumer = 4 };

// A Java exception that ends a tool before it did anything.
struct Uncaught {
  std::string exception;  // full class name
  std::string message;
  std::string cause;  // "Caused by: ..." without the prefix, or empty
  std::string hint;
};
// `Exception in thread "main" CLASS: MESSAGE`, the cause, one hint line; on stderr. Returns the exit status 1.
int report(const Uncaught& e);
// The same for tools that print the trace themselves: without `Exception in thread "main" `.
int report_trace(const Uncaught& e);

class ClientConfig {
 public:
  explicit ClientConfig(ClientKind kind) : kind_(kind) {}
  // Assignments of a .properties file; earlier ones are replaced.
  std::expected<void, Uncaught> load(const std::string& path);
  void set(const std::string& key, std::string value) { values_[key] = std::move(value); }
  void set_default(const std::string& key, std::string value) { values_.emplace(key, std::move(value)); }
  bool has(const std::string& key) const { return values_.contains(key); }
  // Checks every value against its type and range; warns of keys that nobody knows and of those that have no effect
  // here. Refuses what would not be secured as asked (security.protocol).
  std::expected<void, Uncaught> check() const;

  // After check(): the value or the default. The key is one of the client's.
  std::string text(const std::string& key) const;
  int64_t number(const std::string& key) const;
  int32_t number32(const std::string& key) const { return static_cast<int32_t>(number(key)); }
  bool boolean(const std::string& key) const { return text(key) == "true"; }
  std::vector<std::string> list(const std::string& key) const;
  const std::map<std::string, std::string>& values() const { return values_; }

  // bootstrap.servers parsed and resolved, or Java's ConfigException (its class and text alone).
  std::expected<std::vector<client::HostPort>, Uncaught> bootstrap() const;
  // The part that all clients share.
  client::KafkaClientConfig client_config(const std::string& log_prefix, std::vector<client::HostPort> bootstrap) const;

 private:
  ClientKind kind_;
  std::map<std::string, std::string> values_;
};

}  // namespace kz::cmd
