// Files as real brokers left them (tests/golden/kafka_files, renewed by tests/tools/record_kafka_files.py): they are
// read back, and the same batches through our writer give the same bytes.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "storage/kafka/checkpoints.h"
#include "storage/kafka/meta_properties.h"
#include "storage/kafka/partition_metadata.h"
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;
namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

fs::path golden(const std::string& release) { return fs::path(KZ_SOURCE_DIR) / "tests/golden/kafka_files" / release; }

Files files_in(const fs::path& directory) {
  Files out;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    out[entry.path().filename().string()] = bytes.str();
  }
  REQUIRE(!out.empty());
  return out;
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

// One of the recorded topics, and the configuration that it had.
struct Recorded {
  const char* directory;
  LogConfig config;
  Offset stopped_at;  // the log's end when the broker was stopped for the first time; -1: it was stopped once
};

std::vector<Recorded> recorded() {
  LogConfig plain;
  plain.retention_ms = -1;
  LogConfig small = plain;
  small.segment_bytes = 1500;
  small.index_interval_bytes = 200;
  return {{"t-0", small, -1}, {"x-0", plain, -1}, {"e-0", plain, 1}};
}

}  // namespace

TEST_CASE("directories of Apache Kafka 3.4.0 and 2.7.1 after a clean stop are read") {
  for (const std::string release : {"3.4.0", "2.7.1"}) {
    for (const Recorded& topic : recorded()) {
      CAPTURE(release);
      CAPTURE(topic.directory);
      LogFixture f;
      f.config = topic.config;
      for (const auto& [name, bytes] : files_in(golden(release) / topic.directory))
        f.disk.put(f.dir + "/" + name, bytes);
      const auto log = f.load(true);
      const std::string name = topic.directory;
      CHECK(log->log_end_offset() == (name == "t-0" ? 15 : name == "x-0" ? 9 : 2));
      CHECK(log->segment_count() == (name == "e-0" ? 1 : 2));
      CHECK(log->latest_epoch() == 0);
      CHECK(log->producers().size() == (name == "e-0" ? 0 : 1));
      if (name == "x-0") {
        log->set_high_watermark(9);
        CHECK(log->last_stable_offset() == 9);
        const auto aborted = log->aborted_transactions(0, 9);
        REQUIRE(aborted.size() == 1);
        CHECK(aborted[0].first_offset == 3);
      }
      CHECK(log->topic_id().is_zero() == (release == "2.7.1"));
      // Read again as after a crash, all indexes rebuilt: the same.
      for (const char* suffix : {".index", ".timeindex", ".txnindex"}) {
        const auto names = f.disk.list(f.dir);
        REQUIRE(names);
        for (const std::string& n : *names) {
          if (n.ends_with(suffix)) REQUIRE(f.disk.remove(f.dir + "/" + n));
        }
      }
      const auto again = f.load(false);
      CHECK(again->log_end_offset() == log->log_end_offset());
      CHECK(again->aborted_transactions(0, 9).size() == log->aborted_transactions(0, 9).size());
    }
  }
}

TEST_CASE("the same batches give the same segments, indexes, time indexes, transaction indexes, snapshots and epochs") {
  for (const std::string release : {"3.4.0", "2.7.1"}) {
    for (const Recorded& topic : recorded()) {
      CAPTURE(release);
      CAPTURE(topic.directory);
      Files expected = files_in(golden(release) / topic.directory);
      LogFixture f;
      f.config = topic.config;
      auto log = f.create();
      if (expected.contains("partition.metadata")) {
        f.disk.put("/id/partition.metadata", expected["partition.metadata"]);
        const auto id = storage::read_partition_metadata(f.disk, "/id");
        REQUIRE(id);
        REQUIRE(log->set_topic_id(*id));
      }
      log->begin_leader_epoch(0);
      for (const auto& [name, bytes] : expected) {  // segments in the order of their base offsets
        if (!name.ends_with(".log")) continue;
        kafka::BatchIterator batches(as_bytes(bytes));
        while (const auto batch = batches.next()) {
          Slice sent = Slice::copy_of(as_text(*batch));
          kafka::MutableBatch edit(sent.mutable_bytes());
          const BatchView view(*batch);
          edit.set_base_offset(0);
          edit.set_leader_epoch(-1);
          const auto origin = view.control() ? AppendOrigin::kCoordinator : AppendOrigin::kClient;
          const auto appended = append(*log, std::move(sent), view.leader_epoch(), origin, view.max_timestamp());
          REQUIRE_MESSAGE(appended, (appended ? "" : appended.error().message));
          log->set_high_watermark(log->log_end_offset());
          if (topic.stopped_at != log->log_end_offset()) continue;
          REQUIRE(log->close());
          log = f.load(true, log->log_end_offset());
        }
      }
      REQUIRE(log->close());
      const auto written = f.disk.list(f.dir);
      REQUIRE(written);
      std::set<std::string> names(written->begin(), written->end());
      for (const auto& [name, bytes] : expected) {
        CAPTURE(name);
        CHECK(names.erase(name) == 1);
        CHECK(hex(f.disk.read_file(f.dir + "/" + name).value_or("")) == hex(bytes));
      }
      CHECK(names.empty());
    }
  }
}

TEST_CASE("checkpoints and meta.properties of real brokers") {
  for (const std::string release : {"3.4.0", "2.7.1"}) {
    CAPTURE(release);
    LogFixture f;
    const Files files = files_in(golden(release));
    for (const auto& [name, bytes] : files) f.disk.put("/data/" + name, bytes);
    for (const char* name : {storage::kRecoveryPointCheckpoint, storage::kHighWatermarkCheckpoint}) {
      const auto entries = storage::read_checkpoint(f.disk, "/data", name);
      REQUIRE(entries);
      CHECK(entries->at({"t", 0}) == 15);
      CHECK(entries->at({"x", 0}) == 9);
      CHECK(entries->at({"e", 0}) == 2);
      // Ours are sorted, Java's in the order of a hash table.
      const auto lines = [](const std::string& text) {
        std::istringstream in(text);
        std::multiset<std::string> out;
        for (std::string line; std::getline(in, line);) out.insert(line);
        return out;
      };
      CHECK(lines(log_state::offset_checkpoint_text(*entries)) == lines(files.at(name)));
    }
    CHECK(storage::read_checkpoint(f.disk, "/data", storage::kLogStartCheckpoint)->empty());
    CHECK(log_state::offset_checkpoint_text({}) == files.at(storage::kLogStartCheckpoint));
    const auto meta = storage::read_meta_properties(f.disk, {"/data"});
    REQUIRE(meta);
    CHECK(meta->broker_id == 0);
  }
}
