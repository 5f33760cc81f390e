// Reactors as real threads: producers and long-polling consumers on the same partition. A lost wake-up would leave a
// consumer waiting for its max_wait, which is far beyond the test's deadline.
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "core/kafka/message/fetch.h"
#include "core/kafka/message/produce.h"
#include "tests/unit/broker/data/data_fixture.h"

namespace kz::broker::test {
namespace {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { loop(); }) {}
  ~ThreadExecutor() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void post(Work work) override {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    wake_.notify_one();
  }
  TimerId at(TimePoint when, Work work) override {
    timers_.emplace(++next_, std::pair(when, std::move(work)));
    return next_;
  }
  void cancel(TimerId id) override { timers_.erase(id); }
  Now now() const override {
    using namespace std::chrono;
    return {{duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count()}, 1700000000000};
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (queue_.empty()) {
        wake_.wait_for(lock, std::chrono::milliseconds(5));
      } else {
        Work work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        lock.lock();
        continue;
      }
      lock.unlock();
      for (auto it = timers_.begin(); it != timers_.end();) {
        if (it->second.first > now().mono) {
          ++it;
          continue;
        }
        Work work = std::move(it->second.second);
        timers_.erase(it);
        work();
        it = timers_.begin();
      }
      lock.lock();
    }
    lock.unlock();
    queue_.clear();
    timers_.clear();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  std::map<TimerId, std::pair<TimePoint, Work>> timers_;  // the executor's thread alone
  TimerId next_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

// Hands a response to `then`, on the executor of the connection.
class LinkReply final : public Reply {
 public:
  LinkReply(Executor& executor, std::function<void(Chain)> then) : executor_(executor), then_(std::move(then)) {}
  void send(Chain body) override {
    executor_.post([then = then_, body = std::move(body)]() mutable { then(std::move(body)); });
  }
  void nothing() override {}
  void close() override {}

 private:
  Executor& executor_;
  std::function<void(Chain)> then_;
};

Slice whole(const Chain& chain) {
  Slice out = Slice::allocate(chain.size());
  size_t at = 0;
  for (const auto& piece : chain.pieces()) {
    const Slice& s = std::get<Slice>(piece);
    std::memcpy(out.mutable_bytes().data() + at, s.data(), s.size());
    at += s.size();
  }
  return out;
}

class Link {
 public:
  Link(Broker& broker, Executor& executor, ConnId id) : broker_(broker), executor_(executor) {
    auto info = std::make_shared<ConnectionInfo>();
    info->id = id;
    info->listener = "PLAINTEXT";
    info_ = std::move(info);
  }
  void request(Slice frame, std::function<void(Chain)> then) {
    broker_.on_request({info_, std::move(frame), executor_.now(), &executor_,
                        std::make_shared<LinkReply>(executor_, std::move(then))});
  }
  Executor& executor() { return executor_; }

 private:
  Broker& broker_;
  Executor& executor_;
  std::shared_ptr<const ConnectionInfo> info_;
};

// Sends its records one request after the other.
struct ProducerLoop {
  Link link;
  int left;
  std::atomic<int>& failed;
  void next() {
    if (left-- == 0) return;
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 60000;
    request.topic_data.push_back({"t", {{0, DataFixture::batch({"record"})}}});
    link.request(kafka::encode_request<kafka::ProduceRequest>(9, 42, "p", request), [this](Chain chain) {
      const Answer answer{whole(chain), false, false};
      Reader reader(*answer.frame);
      const auto header = kafka::decode_response_header(reader, 0, 9);
      const auto body = kafka::decode_body<kafka::ProduceResponse>(reader, 9);
      if (!header || !body || body->responses[0].partition_responses[0].error_code != kafka::ErrorCode::kNone) ++failed;
      next();
    });
  }
};

// Reads from the start to `goal`, each fetch after the last one's answer.
struct ConsumerLoop {
  Link link;
  Offset goal;
  int32_t min_bytes;
  int32_t max_wait_ms;
  std::atomic<int>& finished;
  Offset at = 0;
  void next() {
    if (at >= goal) {
      ++finished;
      return;
    }
    kafka::FetchRequest request;
    request.replica_id = -1;
    request.max_wait_ms = max_wait_ms;
    request.min_bytes = min_bytes;
    kafka::FetchRequest::FetchPartition p;
    p.fetch_offset = at;
    p.partition_max_bytes = 1 << 20;
    request.topics.push_back({"t", {}, {p}});
    link.request(kafka::encode_request<kafka::FetchRequest>(11, 42, "c", request), [this](Chain chain) {
      const Slice frame = whole(chain);
      Reader reader(frame);
      (void)kafka::decode_response_header(reader, 1, 11);
      const auto body = kafka::decode_body<kafka::FetchResponse>(reader, 11);
      if (!body) return;
      Bytes left = body->responses[0].partitions[0].records.slice().bytes();
      while (left.size() >= kafka::kBatchHeaderSize) {
        const kafka::BatchView batch(left);
        if (batch.base_offset() != at) return;  // a gap or a repetition: never finishes
        at = batch.last_offset() + 1;
        left = left.subspan(static_cast<size_t>(batch.size()));
      }
      next();
    });
  }
};

TEST_CASE("no wake-up is lost between reactors") {
  constexpr int kRecords = 1500;
  DataFixture f;
  f.make_topic("t", 1);
  std::atomic<int> failed = 0;
  std::atomic<int> finished = 0;
  // Declared before the executors: their threads end first.
  std::vector<std::unique_ptr<ProducerLoop>> producers;
  std::vector<std::unique_ptr<ConsumerLoop>> consumers;
  std::vector<std::unique_ptr<ThreadExecutor>> reactors;
  for (int i = 0; i < 3; ++i) reactors.push_back(std::make_unique<ThreadExecutor>());
  for (ConnId i = 0; i < 3; ++i) {
    producers.push_back(std::make_unique<ProducerLoop>(Link(*f.broker, *reactors[i], 10 + i), kRecords, failed));
  }
  for (ConnId i = 0; i < 6; ++i) {
    // One record at a time with an endless wait, or enough for a few with a short one.
    const bool eager = i % 2 == 0;
    consumers.push_back(std::make_unique<ConsumerLoop>(Link(*f.broker, *reactors[i % 3], 100 + i), 3 * kRecords,
                                                       eager ? 1 : 400, eager ? 600000 : 20, finished));
  }
  for (auto& c : consumers) c->link.executor().post([&c] { c->next(); });
  for (auto& p : producers) p->link.executor().post([&p] { p->next(); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (finished < 6 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(finished == 6);
  CHECK(failed == 0);
  for (auto& r : reactors) r.reset();
}

}  // namespace
}  // namespace kz::broker::test
