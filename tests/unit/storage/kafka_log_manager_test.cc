// LogManager: directories, locks, clean and unclean stops, checkpoints, deletion, failing directories; meta.properties.
#include "storage/kafka/log_manager.h"

#include <unistd.h>

#include <filesystem>

#include "storage/kafka/meta_properties.h"
#include "storage/kafka/names.h"
#include "storage/kafka/partition_metadata.h"
#include "tests/unit/storage/kafka_log_fixture.h"

using namespace kz;
using namespace kz::test;
using namespace kz::storage;

namespace {

struct ManagerFixture {
  sim::SimDisk disk{3};
  int64_t wall = kTime;
  std::vector<std::string> failed;

  std::unique_ptr<LogManager> manager(std::vector<std::string> dirs = {"/a", "/b"}) {
    LogManagerOptions options;
    options.dirs = std::move(dirs);
    options.wall_ms = [this] { return wall; };
    options.seed = 5;
    options.background = false;
    auto m = std::make_unique<LogManager>(disk, options);
    m->on_directory_failed = [this](const std::string& dir, const std::string&) { failed.push_back(dir); };
    return m;
  }
  std::unique_ptr<LogManager> started(std::vector<std::string> dirs = {"/a", "/b"}) {
    auto m = manager(std::move(dirs));
    const auto opened = m->open();
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error()));
    REQUIRE(m->load());
    return m;
  }
};

const kafka::Uuid kId = *kafka::Uuid::parse("AAAAAAAAAAEAAAAAAAAAAg");

std::shared_ptr<Log> make(LogManager& m, const TopicPartition& tp) {
  REQUIRE(m.get_or_create(tp, {}, kId, true));
  return m.find_log(tp);
}

}  // namespace

TEST_CASE("logs are spread over the directories and are there again after a clean stop") {
  ManagerFixture f;
  {
    auto m = f.started();
    CHECK(!m->find({"t", 0}));
    for (int i = 0; i < 4; ++i) REQUIRE(append(*make(*m, {"t", i}), batch_of(i + 1)));
    CHECK(m->directory_of({"t", 0}) != m->directory_of({"t", 1}));
    m->find({"t", 3})->set_high_watermark(3);
    m->shutdown();
  }
  for (const char* dir : {"/a", "/b"}) {
    CHECK(f.disk.present(std::string(dir) + "/.kafka_cleanshutdown"));
    CHECK(f.disk.present(std::string(dir) + "/.lock"));
  }
  CHECK(f.disk.contents("/a/t-0/partition.metadata") == "version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg");
  CHECK(f.disk.contents("/a/recovery-point-offset-checkpoint") == "0\n2\nt 0 1\nt 2 3\n");
  CHECK(f.disk.contents("/b/replication-offset-checkpoint") == "0\n2\nt 1 0\nt 3 3\n");
  CHECK(f.disk.contents("/a/log-start-offset-checkpoint") == "0\n0\n");
  {
    auto m = f.started();
    CHECK(m->was_clean());
    CHECK(!f.disk.present("/a/.kafka_cleanshutdown"));
    CHECK(m->all().size() == 4);
    CHECK(m->find({"t", 2})->log_end_offset() == 3);
    CHECK(m->find({"t", 3})->high_watermark() == 3);
    CHECK(m->find({"t", 2})->topic_id() == kId);
  }
  // That was a crash: no marker.
  auto m = f.started();
  CHECK(!m->was_clean());
  CHECK(m->find({"t", 2})->log_end_offset() == 3);
}

TEST_CASE("a directory has one owner, and none is named twice") {
  ManagerFixture f;
  auto m = f.started();
  auto other = f.manager({"/b"});
  const auto locked = other->open();
  REQUIRE(!locked);
  CHECK(locked.error() ==
        "Failed to acquire lock on file .lock in /b. A Kafka instance in another process or thread is using this "
        "directory.");
  CHECK(f.manager({"/c", "/c"})->open().error() == "Duplicate log directory found: /c");
  f.disk.fail_paths("/d");
  CHECK(f.manager({"/d"})->open().error() ==
        "Shutdown broker because none of the specified log dirs from /d can be created or validated");
}

TEST_CASE("deletion renames at once, removes after the delay, and goes on after a restart") {
  ManagerFixture f;
  std::string renamed;
  const TopicPartition tp{std::string(249, 'x'), 7};
  {
    auto m = f.started({"/a"});
    auto log = make(*m, tp);
    REQUIRE(append(*log, batch_of(3)));
    REQUIRE(m->remove(tp));
    CHECK(!m->find(tp));
    CHECK(m->remove(tp).error().code == Errc::kNotFound);
    const auto names = f.disk.list("/a");
    for (const auto& name : *names)
      if (name.ends_with("-delete")) renamed = name;
    CHECK(renamed.size() == 255);
    CHECK(renamed.starts_with(std::string(200, 'x')));
    // Readers finish; writers are told.
    CHECK(log->read(0, 1, INT64_MAX, true).has_value());
    CHECK(append(*log, batch_of(1)).error().code == kafka::ErrorCode::kNotLeaderOrFollower);
    m->remove_due(kTime + 59'999);
    CHECK(f.disk.present("/a/" + renamed));
    // The same name can be used at once.
    CHECK(make(*m, tp)->log_end_offset() == 0);
  }
  auto m = f.started({"/a"});
  CHECK(m->all().size() == 1);
  CHECK(f.disk.present("/a/" + renamed));
  m->enforce_retention(at(kTime + 60'000));
  CHECK(!f.disk.present("/a/" + renamed));
}

TEST_CASE("a directory that fails goes offline with its logs, is reported once, and is not silently replaced") {
  ManagerFixture f;
  auto m = f.started();
  auto log = make(*m, {"t", 0});
  auto other = make(*m, {"t", 1});
  REQUIRE(m->directory_of({"t", 0}) == "/a");
  f.disk.fail_paths("/a/t-0/00000000000000000000.log");
  CHECK(!append(*log, batch_of(1)));
  CHECK(f.failed == std::vector<std::string>{"/a"});
  CHECK(log->offline());
  CHECK(!other->offline());
  f.disk.fail_paths("");
  CHECK(append(*other, batch_of(1)));
  CHECK(!m->get_or_create({"u", 0}, {}, kId, false));
  REQUIRE(m->get_or_create({"u", 0}, {}, kId, true));
  CHECK(m->directory_of({"u", 0}) == "/b");
  CHECK(m->directories()[0].offline);
  m->write_checkpoints();
  m->shutdown();
  CHECK(!f.disk.present("/a/.kafka_cleanshutdown"));
  CHECK(f.disk.present("/b/.kafka_cleanshutdown"));
}

TEST_CASE("flush.ms flushes what has waited long enough, and only that") {
  ManagerFixture f;
  auto m = f.started({"/a"});
  LogConfig config;
  config.flush_ms = 1000;
  REQUIRE(m->get_or_create({"t", 0}, config, {}, true));
  auto log = m->find_log({"t", 0});
  REQUIRE(append(*log, batch_of(2)));
  m->flush_dirty(at(kTime));
  CHECK(log->recovery_point() == 0);
  m->flush_dirty(at(kTime + 1000));
  CHECK(log->recovery_point() == 2);
}

TEST_CASE("flush.messages answers only when the records are on the disk") {
  ManagerFixture f;
  auto m = f.started({"/a"});
  LogConfig config;
  config.flush_messages = 1;
  REQUIRE(m->get_or_create({"t", 0}, config, {}, true));
  auto log = m->find_log({"t", 0});
  const int64_t before = f.disk.syncs();
  REQUIRE(append(*log, batch_of(2)));
  CHECK(log->recovery_point() == 2);
  CHECK(f.disk.syncs() > before);
  f.disk.power_loss();
  m.reset();
  auto again = f.started({"/a"});
  CHECK(again->find({"t", 0})->log_end_offset() == 2);
}

TEST_CASE("DeleteRecords' start is in its checkpoint and holds after a crash") {
  ManagerFixture f;
  {
    auto m = f.started({"/a"});
    auto log = make(*m, {"t", 0});
    for (int i = 0; i < 3; ++i) REQUIRE(append(*log, batch_of(2)));
    log->set_high_watermark(6);
    REQUIRE(log->set_log_start_offset(3));
    m->write_checkpoints();
    CHECK(f.disk.contents("/a/log-start-offset-checkpoint") == "0\n1\nt 0 3\n");
  }
  auto m = f.started({"/a"});
  CHECK(m->find({"t", 0})->log_start_offset() == 3);
}

TEST_CASE("directories that are no partitions are left alone") {
  ManagerFixture f;
  f.disk.put("/a/lost+found/x", "1");
  f.disk.put("/a/notapartition/x", "1");
  f.disk.put("/a/topic-with-dashes-12/00000000000000000000.log", "");
  auto m = f.started({"/a"});
  CHECK(m->all().size() == 1);
  CHECK(m->find({"topic-with-dashes", 12}));
  CHECK(f.disk.present("/a/lost+found/x"));
}

TEST_CASE("real files: reads are file slices that outlive the segment's deletion") {
  char name[] = "/tmp/kz-log-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string root = name;
  {
    LogManagerOptions options;
    options.dirs = {root};
    options.defaults.file_delete_delay_ms = 0;
    options.recovery_threads_per_dir = 2;
    LogManager m(posix_fs(), options);
    REQUIRE(m.open());
    REQUIRE(m.load());
    LogConfig config = options.defaults;
    config.segment_bytes = 4000;
    for (int p = 0; p < 3; ++p) REQUIRE(m.get_or_create({"t", p}, config, kId, true));
    auto log = m.find_log({"t", 1});
    for (int i = 0; i < 100; ++i) REQUIRE(append(*log, batch_of(2, kTime + i, {}, 100)));
    CHECK(log->segment_count() > 5);
    auto r = log->read(0, 1000, INT64_MAX, true);
    REQUIRE(r);
    REQUIRE(r->records.pieces().size() == 1);
    const auto slice = std::get<FileSlice>(r->records.pieces()[0]);
    log->set_high_watermark(200);
    REQUIRE(log->set_log_start_offset(100));
    CHECK(*log->delete_old_segments(at(kTime)) > 0);
    m.remove_due(INT64_MAX);
    std::string bytes(static_cast<size_t>(slice.size), 0);
    CHECK(::pread(slice.fd, bytes.data(), bytes.size(), slice.position) == slice.size);
    CHECK(BatchView(as_bytes(bytes)).base_offset() == 0);
    CHECK(BatchView(as_bytes(bytes)).crc_ok());
    m.shutdown();
    CHECK(std::filesystem::file_size(root + "/t-1/" + segment_file_name(200, ".snapshot")) == 10);
  }
  LogManagerOptions options;
  options.dirs = {root};
  options.recovery_threads_per_dir = 2;
  LogManager m(posix_fs(), options);
  REQUIRE(m.open());
  REQUIRE(m.load());
  CHECK(m.was_clean());
  CHECK(m.find({"t", 1})->log_end_offset() == 200);
  std::filesystem::remove_all(root);
}

TEST_CASE("meta.properties is read as Java wrote it and mismatches are named in Kafka's words") {
  sim::SimDisk disk(1);
  disk.put("/a/meta.properties", "#\n#Sun Nov 22 10:00:00 UTC 2026\ncluster.id=abc\nversion=0\nbroker.id=4\n");
  disk.put("/b/x", "");
  const auto read = read_meta_properties(disk, {"/a", "/b"});
  REQUIRE(read);
  CHECK(read->broker_id == 4);
  CHECK(read->cluster_id == "abc");
  CHECK(check_meta_properties(*read, 4, "abc"));
  CHECK(check_meta_properties(*read, -1, ""));
  CHECK(check_meta_properties(*read, 5, "abc")
            .error()
            .starts_with("Configured broker.id 5 doesn't match stored broker.id Some(4) in meta.properties."));
  CHECK(check_meta_properties(*read, 4, "xyz")
            .error()
            .starts_with("The Cluster ID xyz doesn't match stored clusterId Some(abc) in meta.properties."));
  REQUIRE(write_meta_properties(disk, {"/a", "/b"}, *read, kTime));
  CHECK(disk.contents("/b/meta.properties") ==
        "#\n#Tue Nov 14 22:13:20 UTC 2023\ncluster.id=abc\nbroker.id=4\nversion=0\n");
  CHECK(disk.contents("/a/meta.properties").starts_with("#\n#Sun Nov 22"));  // not rewritten
  disk.put("/b/meta.properties", "version=0\nbroker.id=5\ncluster.id=abc\n");
  CHECK(read_meta_properties(disk, {"/a", "/b"}).error().find("BrokerMetadata is not consistent across log.dirs") == 0);
  disk.put("/b/meta.properties", "version=1\nnode.id=5\ncluster.id=abc\n");
  CHECK(read_meta_properties(disk, {"/b"}).error().find("KRaft") != std::string::npos);
}

TEST_CASE("names of partitions") {
  CHECK(parse_partition_directory("a-b-3") == TopicPartition{"a-b", 3});
  CHECK(!parse_partition_directory("a-"));
  CHECK(!parse_partition_directory("-3"));
  CHECK(!parse_partition_directory("a-3x"));
  CHECK(!parse_partition_directory("plain"));
  CHECK(segment_file_name(42, ".log") == "00000000000000000042.log");
  CHECK(offset_of_file("00000000000000000042.index") == 42);
  CHECK(!offset_of_file("leader-epoch-checkpoint"));
  CHECK(parse_partition_metadata("version: 0\ntopic_id:   AAAAAAAAAAEAAAAAAAAAAg\n") == kId);
  CHECK(!parse_partition_metadata("version: 1\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg"));
  CHECK(!parse_partition_metadata(""));
}
