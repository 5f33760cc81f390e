// Log under threads: appenders, readers, retention and flushes at once. Run under TSan too.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "storage/kafka/log_manager.h"
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;
using namespace kz::storage;

namespace {

// Reads a chain of file slices.
std::string read_chain(const Chain& chain) {
  std::string out;
  for (const auto& piece : chain.pieces()) {
    const auto& f = std::get<FileSlice>(piece);
    std::string part(static_cast<size_t>(f.size), 0);
    REQUIRE(::pread(f.fd, part.data(), part.size(), f.position) == f.size);
    out += part;
  }
  return out;
}

}  // namespace

TEST_CASE("every append is answered once with its own offsets, and readers see whole batches in order") {
  char name[] = "/tmp/kz-log-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string root = name;
  constexpr int kThreads = 3;
  constexpr int kAppends = 400;
  {
    LogManagerOptions options;
    options.dirs = {root};
    LogManager m(posix_fs(), options);
    REQUIRE(m.open());
    REQUIRE(m.load());
    LogConfig config;
    config.segment_bytes = 20'000;
    config.index_interval_bytes = 500;
    REQUIRE(m.get_or_create({"t", 0}, config, {}, true));
    auto log = m.find_log({"t", 0});
    std::atomic<int> answered{0};
    std::atomic<int64_t> offset_sum{0};
    std::atomic<bool> stop{false};
    std::atomic<int> bad{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kAppends; ++i)
          log->append_as_leader(batch_of(1 + t, kTime + i), 0, AppendOrigin::kClient, 9, at(kTime),
                                [&, t](AppendResult r) {
                                  if (!r || r->last_offset - r->first_offset != t) ++bad;
                                  if (r) offset_sum += r->first_offset;
                                  ++answered;
                                });
      });
    threads.emplace_back([&] {  // a consumer at the tail
      Offset next = 0;
      while (!stop || next < log->log_end_offset()) {
        log->set_high_watermark(log->log_end_offset());
        const auto r = log->read(next, 5000, log->high_watermark(), true);
        if (!r) {
          ++bad;
          return;
        }
        const std::string bytes = read_chain(r->records);
        kafka::BatchIterator it(as_bytes(bytes));
        while (auto b = it.next()) {
          const BatchView view(*b);
          if (view.base_offset() != next || !view.crc_ok()) ++bad;
          next = view.last_offset() + 1;
        }
        if (it.remaining() != 0) ++bad;
      }
    });
    threads.emplace_back([&] {  // housekeeping
      while (!stop) {
        if (!log->flush()) ++bad;
        m.write_checkpoints();
        (void)log->find_by_timestamp(kTime + 10);
        (void)log->find_max_timestamp();
        (void)log->producers();
      }
    });
    for (int t = 0; t < kThreads; ++t) threads[static_cast<size_t>(t)].join();
    // Answers come from whoever wrote: another appender, or the slow lane of a busy disk.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (answered < kThreads * kAppends && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    stop = true;
    for (size_t t = kThreads; t < threads.size(); ++t) threads[t].join();
    CHECK(answered == kThreads * kAppends);
    CHECK(bad == 0);
    CHECK(log->log_end_offset() == kAppends * (1 + 2 + 3));
    CHECK(offset_sum > 0);
    CHECK(log->segment_count() > 3);
    m.shutdown();
  }
  std::filesystem::remove_all(root);
}
