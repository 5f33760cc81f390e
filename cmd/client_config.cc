#include "cmd/client_config.h"

#include <netdb.h>

#include <algorithm>
#include <cstdio>

#include "cmd/client_keys.h"
#include "cmd/command.h"
#include "core/base/log.h"
#include "core/base/properties.h"
#include "storage/fs.h"

namespace kz::cmd {
namespace {

std::string trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return std::string(s);
}

bool resolves(const std::string& host) {
  addrinfo* found = nullptr;
  const int rc = getaddrinfo(host.c_str(), nullptr, nullptr, &found);
  if (found != nullptr) freeaddrinfo(found);
  return rc == 0;
}

const char* config_class(ClientKind kind) {
  switch (kind) {
    case ClientKind::kAdmin:
      return "org.apache.kafka.clients.admin.AdminClientConfig";
    case ClientKind::kProducer:
      return "org.apache.kafka.clients.producer.ProducerConfig";
    case ClientKind::kConsumer:
      return "org.apache.kafka.clients.consumer.ConsumerConfig";
  }
  return "";
}

Uncaught config_exception(std::string message, std::string hint = {}) {
  return {"org.apache.kafka.common.config.ConfigException", std::move(message), {}, std::move(hint)};
}

}  // namespace

int report(const Uncaught& e) {
  std::fputs("Exception in thread \"main\" ", stderr);
  return report_trace(e);
}

int report_trace(const Uncaught& e) {
  std::fprintf(stderr, "%s%s%s\n", e.exception.c_str(), e.message.empty() ? "" : ": ", e.message.c_str());
  if (!e.cause.empty()) std::fprintf(stderr, "Caused by: %s\n", e.cause.c_str());
  if (!e.hint.empty()) hint(e.hint);
  return 1;
}

std::expected<void, Uncaught> ClientConfig::load(const std::string& path) {
  auto text = storage::posix_fs().read_file(path);
  if (!text) {
    const bool missing = text.error().code == Errc::kNotFound;
    return std::unexpected(
        Uncaught{missing ? "java.nio.file.NoSuchFileException" : "java.io.IOException",
                 path,
                 {},
                 missing ? "" : std::string("cannot read ") + path + ": " + errc_text(text.error().code)});
  }
  auto properties = parse_properties(*text);
  if (!properties) {
    return std::unexpected(Uncaught{"java.lang.IllegalArgumentException",
                                    "Malformed \\uxxxx encoding.",
                                    {},
                                    path + ":" + std::to_string(properties.error().detail)});
  }
  for (auto& p : *properties) values_[p.key] = p.value;
  return {};
}

std::expected<void, Uncaught> ClientConfig::check() const {
  const log::Logger logger(config_class(kind_));
  std::string unknown;
  for (const auto& [key, value] : values_) {
    const ClientKey* k = find_client_key(key);
    if (k == nullptr || !k->of(kind_)) {
      // Security settings are read by the channel builders and not by the three classes; they are known to Java.
      if (key.starts_with("ssl.") || key.starts_with("sasl.")) continue;
      unknown += (unknown.empty() ? "" : ", ") + key;
      continue;
    }
    if (auto parsed = broker::parse_config(k->key, value); !parsed) {
      return std::unexpected(config_exception(parsed.error(), "allowed: " + broker::config_allowed(k->key)));
    }
    if (!k->key.honoured) logger.warn("{}={} has no effect in kz", key, value);
  }
  if (!unknown.empty()) logger.warn("These configurations '[{}]' were supplied but are not used yet.", unknown);
  if (const std::string protocol = text("security.protocol"); protocol != "PLAINTEXT") {
    return std::unexpected(config_exception(
        "Invalid value " + protocol + " for configuration security.protocol: kz's clients speak PLAINTEXT only",
        "use a PLAINTEXT listener of the broker"));
  }
  return {};
}

std::string ClientConfig::text(const std::string& key) const {
  if (auto it = values_.find(key); it != values_.end()) return trimmed(it->second);
  const ClientKey* k = find_client_key(key);
  if (k == nullptr) return {};
  const char* value = k->default_for(kind_);
  return value == nullptr ? "" : value;
}

int64_t ClientConfig::number(const std::string& key) const {
  const std::string value = text(key);
  return value.empty() ? 0 : std::strtoll(value.c_str(), nullptr, 10);
}

std::vector<std::string> ClientConfig::list(const std::string& key) const {
  std::vector<std::string> out;
  const std::string value = text(key);
  std::string_view rest = value;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    if (std::string item = trimmed(rest.substr(0, comma)); !item.empty()) out.push_back(std::move(item));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

std::expected<std::vector<client::HostPort>, Uncaught> ClientConfig::bootstrap() const {
  const std::string value = text("bootstrap.servers");
  auto parsed = client::parse_bootstrap(value);
  if (!parsed.bad.empty()) {
    const size_t colon = parsed.bad.rfind(':');
    const bool port = colon != std::string::npos && colon > 0 && colon + 1 < parsed.bad.size();
    return std::unexpected(config_exception(
        (port ? "Invalid port in bootstrap.servers: " : "Invalid url in bootstrap.servers: ") + parsed.bad,
        "servers are given as host:port, several separated by commas"));
  }
  const log::Logger logger("org.apache.kafka.clients.ClientUtils");
  std::vector<client::HostPort> good;
  for (auto& server : parsed.servers) {
    if (resolves(server.host)) {
      good.push_back(std::move(server));
    } else {
      logger.warn("Couldn't resolve server {} from bootstrap.servers as DNS resolution failed for {}", server.text(),
                  server.host);
    }
  }
  if (good.empty()) {
    return std::unexpected(config_exception("No resolvable bootstrap urls given in bootstrap.servers"));
  }
  return good;
}

client::KafkaClientConfig ClientConfig::client_config(const std::string& log_prefix,
                                                      std::vector<client::HostPort> bootstrap) const {
  client::KafkaClientConfig c;
  c.bootstrap = std::move(bootstrap);
  c.client_id = text("client.id");
  c.log_prefix = log_prefix;
  c.request_timeout_ms = number32("request.timeout.ms");
  c.reconnect_backoff_ms = number32("reconnect.backoff.ms");
  c.reconnect_backoff_max_ms = number32("reconnect.backoff.max.ms");
  c.retry_backoff_ms = number32("retry.backoff.ms");
  c.metadata_max_age_ms = static_cast<int32_t>(std::min<int64_t>(number("metadata.max.age.ms"), INT32_MAX));
  c.warn_bootstrap = kind_ != ClientKind::kAdmin;
  return c;
}

}  // namespace kz::cmd
