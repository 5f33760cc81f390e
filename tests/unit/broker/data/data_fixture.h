// A broker with one hand-driven reactor and an in-memory store: requests go in as bytes and come out as decoded
// responses, time moves only when a test says so.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/broker/api/handlers.h"
#include "core/broker/service.h"
#include "core/kafka/header.h"
#include "core/kafka/record/builder.h"
#include "tests/unit/broker/data/fake_log.h"

namespace kz::broker::test {

class HandExecutor final : public Executor {
 public:
  void post(Work work) override { posted_.push_back(std::move(work)); }
  TimerId at(TimePoint when, Work work) override {
    timers_.push_back({++next_, when, std::move(work)});
    return next_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [&](const Timer& t) { return t.id == id; });
  }
  Now now() const override { return now_; }

  // Runs what was posted, and what that posts. How many ran.
  int run() {
    int n = 0;
    for (; !posted_.empty(); ++n) {
      Work work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
    return n;
  }
  void advance(Duration d) {
    run();
    now_.mono = now_.mono + d;
    now_.wall_ms += std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
    while (true) {
      const auto due = std::ranges::find_if(timers_, [&](const Timer& t) { return t.when <= now_.mono; });
      if (due == timers_.end()) break;
      Work work = std::move(due->work);
      timers_.erase(due);
      work();
      run();
    }
  }
  size_t timers() const { return timers_.size(); }
  // As the end of a reactor: what was to be done is dropped.
  void forget() {
    posted_.clear();
    timers_.clear();
  }

 private:
  struct Timer {
    TimerId id;
    TimePoint when;
    Work work;
  };
  std::deque<Work> posted_;
  std::vector<Timer> timers_;
  TimerId next_ = 0;
  Now now_{{1000000000}, 1700000000000};
};

// What became of a request.
struct Answer {
  std::optional<Slice> frame;
  bool nothing = false;
  bool closed = false;
  bool pending() const { return !frame && !nothing && !closed; }
};

class TestReply final : public Reply {
 public:
  explicit TestReply(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}
  void send(Chain body) override {
    REQUIRE(answer_->pending());
    Slice whole = Slice::allocate(body.size());
    size_t at = 0;
    for (const auto& piece : body.pieces()) {
      const Slice& s = std::get<Slice>(piece);
      std::memcpy(whole.mutable_bytes().data() + at, s.data(), s.size());
      at += s.size();
    }
    answer_->frame = std::move(whole);
  }
  void nothing() override {
    REQUIRE(answer_->pending());
    answer_->nothing = true;
  }
  void close() override {
    REQUIRE(answer_->pending());
    answer_->closed = true;
  }

 private:
  std::shared_ptr<Answer> answer_;
};

class DataFixture {
 public:
  static constexpr BrokerId kSelf = 7;

  explicit DataFixture(ConfigMap properties = {})
      : configs_([&] {
          properties["broker.id"] = "7";
          properties["zookeeper.connect"] = "localhost:2181";
          return properties;
        }()) {
    broker = std::make_unique<Broker>(configs_, store, kSelf, "cluster-id-0123456789a");
    register_data_handlers(*broker);
  }

  // A topic led by this broker; visible in the image.
  void make_topic(const std::string& name, int32_t partitions, kafka::Uuid id = {1, 2},
                  std::vector<BrokerId> isr = {kSelf}, LeaderEpoch epoch = 0) {
    LeaderAndIsrUpdate orders;
    orders.controller_id = kSelf;
    MetadataUpdate update = cluster();
    auto& topic = update.topics.emplace_back();
    topic.name = name;
    topic.id = id;
    for (int32_t p = 0; p < partitions; ++p) {
      orders.partitions.push_back({{name, p}, id, 0, kSelf, epoch, isr, 0, isr, true});
      topic.partitions.emplace_back(p, PartitionInfo{kSelf, epoch, 0, 0, isr, isr, {}});
    }
    const LeadershipResult result = broker->become_leader_or_follower(orders);
    for (const auto& p : result.partitions) REQUIRE(p.code == kafka::ErrorCode::kNone);
    broker->apply_metadata(update);
  }
  MetadataUpdate cluster() const {
    MetadataUpdate update;
    update.controller_id = kSelf;
    update.live_brokers.push_back({kSelf, {{"PLAINTEXT", "PLAINTEXT", "broker.example", 9092}}, std::nullopt, 1});
    return update;
  }

  template <class Req>
  std::shared_ptr<Answer> send(const Req& request, int16_t version, std::optional<std::string_view> client = "test",
                               ConnId conn = 1) {
    return send_frame(kafka::encode_request(version, 42, client, request), conn);
  }
  std::shared_ptr<Answer> send_frame(Slice frame, ConnId conn = 1) {
    auto answer = std::make_shared<Answer>();
    auto info = std::make_shared<ConnectionInfo>();
    info->id = conn;
    info->client_address = "127.0.0.1";
    info->client_port = 50000;
    info->listener = "PLAINTEXT";
    broker->on_request({info, std::move(frame), reactor.now(), &reactor, std::make_shared<TestReply>(answer)});
    return answer;
  }
  template <class Res>
  static Res decode(const Answer& answer, int16_t version) {
    REQUIRE(answer.frame.has_value());
    Reader reader(*answer.frame);
    const auto correlation = kafka::decode_response_header(reader, Res::kApiKey, version);
    REQUIRE(correlation.has_value());
    CHECK(*correlation == 42);
    auto response = kafka::decode_body<Res>(reader, version);
    REQUIRE(response.has_value());
    CHECK(reader.at_end());
    return std::move(*response);
  }
  // Sends and expects an answer at once.
  template <class Res, class Req>
  Res call(const Req& request, int16_t version, std::optional<std::string_view> client = "test", ConnId conn = 1) {
    return decode<Res>(*send(request, version, client, conn), version);
  }

  static Slice batch(std::initializer_list<std::string_view> values, int64_t timestamp = 1700000000000) {
    kafka::BatchBuilder builder;
    for (const std::string_view v : values) builder.append(timestamp, std::nullopt, as_bytes(v));
    return builder.finish();
  }

  HandExecutor reactor;
  FakeStore store;

 private:
  BrokerConfigs configs_;

 public:
  std::unique_ptr<Broker> broker;
};

}  // namespace kz::broker::test
