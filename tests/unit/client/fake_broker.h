// A scripted Kafka cluster behind the fake connector: answers ApiVersions and Metadata itself, everything else by
// handlers of the test. Single-threaded.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/client/kafka_client.h"
#include "core/kafka/api.h"
#include "core/kafka/header.h"
#include "core/kafka/message/api_versions.h"
#include "core/kafka/message/metadata.h"
#include "tests/unit/client/fake_net.h"

namespace kz::client::test {

class FakeCluster {
 public:
  explicit FakeCluster(FakeConnector& connector) : connector_(connector) {
    connector_.on_send = [this](ConnId conn, const Slice& frame) { on_frame(conn, frame); };
    cluster.brokers.push_back({0, "b0", 1000, std::nullopt});
    cluster.controller_id = 0;
    cluster.cluster_id = "c";
  }

  void add_topic(const std::string& name, int32_t partitions, int32_t leader = 0) {
    kafka::MetadataResponse::MetadataResponseTopic t;
    t.name = name;
    for (int32_t i = 0; i < partitions; ++i) {
      kafka::MetadataResponse::MetadataResponsePartition p;
      p.partition_index = i;
      p.leader_id = leader;
      p.leader_epoch = 1;
      p.replica_nodes = p.isr_nodes = {leader};
      t.partitions.push_back(std::move(p));
    }
    cluster.topics.push_back(std::move(t));
  }

  // The answer to requests of Req's type; without one they hang.
  template <class Req, class Resp>
  void on(std::function<std::optional<Resp>(const Req&, int16_t version)> handler) {
    handlers_[Req::kApiKey] = [this, handler](ConnId conn, Reader& r, int16_t version, int32_t id) {
      auto request = kafka::decode_body<Req>(r, version);
      if (!request) return;
      if (auto response = handler(*request, version)) reply(conn, id, version, *response);
    };
    max_version.emplace(Req::kApiKey, Req::kMaxVersion);
  }
  template <class Resp>
  void reply(ConnId conn, int32_t id, int16_t version, const Resp& response) {
    const Chain chain = kafka::encode_response(id, version, response);
    std::string text;
    for (const auto& piece : chain.pieces()) text += std::get<Slice>(piece).text();
    connector_.deliver(conn, Slice::copy_of(text));
  }

  kafka::MetadataResponse cluster;         // all topics that exist
  std::map<int16_t, int16_t> max_version;  // advertised, by api key
  int16_t api_versions_max = 3;
  int metadata_requests = 0;
  // The request that a handler is called for, to be answered later with reply().
  struct Asked {
    ConnId conn = 0;
    int32_t id = 0;
    int16_t version = 0;
  } last_request;
  std::vector<std::pair<int16_t, int16_t>> seen;  // api key, version

 private:
  void on_frame(ConnId conn, const Slice& frame) {
    Reader r(frame);
    auto header = kafka::decode_request_header(r);
    if (!header) return;
    const int16_t key = header->api_key, version = header->api_version;
    seen.emplace_back(key, version);
    last_request = {conn, header->correlation_id, version};
    if (key == kafka::ApiVersionsRequest::kApiKey) return on_versions(conn, version, header->correlation_id);
    if (key == kafka::MetadataRequest::kApiKey) return on_metadata(conn, r, version, header->correlation_id);
    if (auto it = handlers_.find(key); it != handlers_.end()) it->second(conn, r, version, header->correlation_id);
  }
  void on_versions(ConnId conn, int16_t version, int32_t id) {
    kafka::ApiVersionsResponse response;
    const bool too_new = version > api_versions_max;
    if (too_new) response.error_code = kafka::ErrorCode::kUnsupportedVersion;
    response.api_keys.push_back({18, 0, api_versions_max});
    response.api_keys.push_back({3, 0, 12});
    for (const auto& [key, max] : max_version) response.api_keys.push_back({key, 0, max});
    reply(conn, id, too_new ? int16_t{0} : version, response);
  }
  void on_metadata(ConnId conn, Reader& r, int16_t version, int32_t id) {
    ++metadata_requests;
    auto request = kafka::decode_body<kafka::MetadataRequest>(r, version);
    if (!request) return;
    kafka::MetadataResponse response = cluster;
    if (request->topics) {
      response.topics.clear();
      for (const auto& asked : *request->topics) {
        kafka::MetadataResponse::MetadataResponseTopic answer;
        answer.name = asked.name;
        answer.error_code = kafka::ErrorCode::kUnknownTopicOrPartition;
        for (const auto& t : cluster.topics) {
          if (t.name == asked.name) answer = t;
        }
        response.topics.push_back(std::move(answer));
      }
    }
    reply(conn, id, version, response);
  }

  FakeConnector& connector_;
  std::map<int16_t, std::function<void(ConnId, Reader&, int16_t, int32_t)>> handlers_;
};

// Log lines of a test, as "LEVEL [component] message (logger)".
class CapturedLog {
 public:
  CapturedLog() {
    lines().clear();
    log::set_sink([](const log::Line& l) {
      lines().push_back((l.level == log::Level::kWarn ? "WARN [" : "- [") + std::string(l.component) + "] " +
                        std::string(l.message) + " (" + std::string(l.logger) + ")");
    });
    log::set_level(log::Level::kWarn);
  }
  ~CapturedLog() {
    log::set_sink(nullptr);
    log::set_level(log::Level::kInfo);
  }
  static std::vector<std::string>& lines() {
    static std::vector<std::string> l;
    return l;
  }
};

}  // namespace kz::client::test
