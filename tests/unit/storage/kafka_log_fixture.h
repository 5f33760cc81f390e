// A log on a SimDisk or a real directory, and the batches that the tests feed it.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/bytes/reader.h"
#include "core/kafka/record/builder.h"
#include "core/kafka/record/control.h"
#include "storage/kafka/log.h"
#include "storage/kafka/recovery.h"
#include "tests/sim/lib/sim_disk.h"

namespace kz::test {

using kafka::BatchBuilder;
using kafka::BatchOptions;
using kafka::BatchView;
using storage::Log;

constexpr int64_t kTime = 1'700'000'000'000;
inline Now at(int64_t wall_ms) { return {{}, wall_ms}; }

// `count` records of `value_size` bytes with keys k0, k1, ...
inline Slice batch_of(int count, int64_t timestamp = kTime, BatchOptions options = {}, size_t value_size = 10) {
  BatchBuilder b(options);
  const std::string value(value_size, 'v');
  for (int i = 0; i < count; ++i) b.append(timestamp + i, as_bytes("k" + std::to_string(i)), as_bytes(value));
  return b.finish();
}

struct LogFixture {
  explicit LogFixture(uint64_t seed = 1) : disk(seed) {
    environment = std::make_shared<storage::LogEnvironment>();
    environment->fs = &disk;
    environment->on_failure = [this](const std::string& why) { failures.push_back(why); };
    environment->later = [this](int64_t, std::move_only_function<void()> job) { later.push_back(std::move(job)); };
    disk.put("/data/x", "");
    REQUIRE(disk.remove("/data/x"));
  }

  std::shared_ptr<Log> create() {
    auto state = storage::create_log(disk, dir, tp, kTime, 86'400'000);
    REQUIRE(state);
    return std::make_shared<Log>(std::move(*state), environment, config);
  }
  std::shared_ptr<Log> load(bool clean, Offset recovery_point = 0, Offset log_start = 0) {
    storage::LoadOptions options;
    options.clean_shutdown = clean;
    options.recovery_point = recovery_point;
    options.log_start_checkpoint = log_start;
    options.config = config;
    options.now_ms = kTime;
    auto state = storage::load_log(disk, dir, tp, options);
    REQUIRE_MESSAGE(state, (state ? "" : state.error().what));
    return std::make_shared<Log>(std::move(*state), environment, config);
  }

  sim::SimDisk disk;
  std::shared_ptr<storage::LogEnvironment> environment;
  LogConfig config;
  TopicPartition tp{"t", 0};
  std::string dir = "/data/t-0";
  std::vector<std::string> failures;
  std::vector<std::move_only_function<void()>> later;
};

inline AppendResult append(Log& log, Slice records, LeaderEpoch epoch = 0, AppendOrigin origin = AppendOrigin::kClient,
                           int64_t now_ms = kTime) {
  std::optional<AppendResult> out;
  log.append_as_leader(std::move(records), epoch, origin, 9, at(now_ms), [&](AppendResult r) { out = std::move(r); });
  REQUIRE(out.has_value());
  return *out;
}

// All bytes of a chain of memory slices.
inline std::string bytes_of(const Chain& chain) {
  std::string out;
  for (const auto& piece : chain.pieces()) {
    REQUIRE(std::holds_alternative<Slice>(piece));
    out += std::get<Slice>(piece).text();
  }
  return out;
}

// Base offsets of the batches in a read answer.
inline std::vector<Offset> base_offsets(const Chain& chain) {
  const std::string bytes = bytes_of(chain);
  kafka::BatchIterator it(as_bytes(bytes));
  std::vector<Offset> out;
  while (auto b = it.next()) out.push_back(BatchView(*b).base_offset());
  CHECK(it.remaining() == 0);
  return out;
}

inline std::vector<Offset> read_bases(Log& log, Offset from, int64_t max_bytes = INT64_MAX, Offset upper = INT64_MAX,
                                      bool at_least_one = true) {
  auto r = log.read(from, max_bytes, upper, at_least_one);
  REQUIRE(r);
  return base_offsets(r->records);
}

}  // namespace kz::test
