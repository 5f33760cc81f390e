// DevServer: its directory's rules, start and stop over real ports, what a wrong start says.
#include "cmd/server/dev.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "cmd/server/broker.h"
#include "tests/unit/net/socket_client.h"

using namespace kz;
using namespace kz::server;
using net::test::SocketClient;

namespace {

struct TempDir {
  TempDir() {
    char text[] = "/tmp/kz-dev-test.XXXXXX";
    REQUIRE(::mkdtemp(text) != nullptr);
    path = text;
  }
  ~TempDir() { [[maybe_unused]] const auto gone = storage::posix_fs().remove_tree(path); }
  std::string path;
};

storage::FileSystem& fs() { return storage::posix_fs(); }

DevOptions options_in(const std::string& directory) {
  DevOptions options;
  options.data_dir = directory;
  options.port = options.zookeeper_port = 0;
  return options;
}

// A Metadata v1 request for no topics; true when the answer names broker 0 as controller.
bool has_controller(uint16_t port) {
  SocketClient client(port);
  client.write(net::test::framed(std::string("\0\3\0\1\0\0\0\7\0\1x\0\0\0\0", 15)));
  const std::string answer = client.read_frame();
  REQUIRE(answer.size() > 12);
  return answer.substr(answer.size() - 8, 4) == std::string(4, '\0');
}

}  // namespace

TEST_CASE("a directory is ours, empty or a copy of data; anything else is left alone") {
  TempDir dir;
  const std::string path = dir.path + "/d";
  {
    auto first = DevServer::prepare_directory(fs(), path, false);
    REQUIRE(first);
    auto second = DevServer::prepare_directory(fs(), path, false);
    REQUIRE_FALSE(second);
    CHECK(second.error().find(path + " is in use") == 0);
  }
  REQUIRE(fs().write_atomically(path + "/old", "x"));
  CHECK(DevServer::prepare_directory(fs(), path, false));
  CHECK(fs().exists(path + "/old"));
  CHECK(DevServer::prepare_directory(fs(), path, true));
  CHECK_FALSE(fs().exists(path + "/old"));

  const std::string foreign = dir.path + "/foreign";
  REQUIRE(fs().create_directories(foreign + "/kafka"));
  CHECK_FALSE(DevServer::prepare_directory(fs(), foreign, true));
  CHECK(fs().exists(foreign + "/kafka"));
  CHECK(DevServer::prepare_directory(fs(), foreign, false));

  const std::string precious = dir.path + "/precious";
  REQUIRE(fs().create_directories(precious + "/photos"));
  CHECK_FALSE(DevServer::prepare_directory(fs(), precious, false));
  CHECK_FALSE(fs().exists(precious + "/.kz-dev"));
}

TEST_CASE("starts, names a controller, stops, and starts again with the same data") {
  TempDir dir;
  std::string cluster;
  for (int round = 0; round < 2; ++round) {
    auto dev = DevServer::start(fs(), options_in(dir.path + "/d"));
    REQUIRE_MESSAGE(dev, dev.error());
    CHECK((*dev)->broker_id() == 0);
    CHECK(net::test::eventually([&] { return has_controller((*dev)->port()); }));
    SocketClient zk((*dev)->zookeeper_port());
    zk.write("ruok");
    CHECK(zk.read(10) == "imok");
    const auto meta = fs().read_file(dir.path + "/d/kafka/meta.properties");
    REQUIRE(meta);
    const std::string id = meta->substr(meta->find("cluster.id"), 33);
    if (round > 0) CHECK(id == cluster);
    cluster = id;
    (*dev)->stop();
    CHECK(fs().exists(dir.path + "/d/kafka/.kafka_cleanshutdown"));
    CHECK_FALSE(fs().exists(dir.path + "/d/kafka/.kz_zookeeper_session"));
  }
}

TEST_CASE("a taken port is named") {
  TempDir dir;
  auto dev = DevServer::start(fs(), options_in(dir.path + "/d"));
  REQUIRE_MESSAGE(dev, dev.error());
  DevOptions taken = options_in(dir.path + "/e");
  taken.port = (*dev)->port();
  auto second = DevServer::start(fs(), taken);
  REQUIRE_FALSE(second);
  CHECK(second.error().find(std::to_string(taken.port)) != std::string::npos);
  CHECK(second.error().find('\n') == std::string::npos);
  taken = options_in(dir.path + "/f");
  taken.zookeeper_port = (*dev)->zookeeper_port();
  auto third = DevServer::start(fs(), taken);
  REQUIRE_FALSE(third);
  CHECK(third.error().find(std::to_string(taken.zookeeper_port)) != std::string::npos);
}

TEST_CASE("a directory of another broker id or cluster is refused with Kafka's words") {
  TempDir dir;
  {
    REQUIRE(DevServer::start(fs(), options_in(dir.path + "/d")));
  }
  DevOptions other = options_in(dir.path + "/d");
  other.config.add("test", broker::ConfigMap{{"broker.id", "5"}});
  const auto wrong_id = DevServer::start(fs(), other);
  REQUIRE_FALSE(wrong_id);
  CHECK(wrong_id.error().find("Configured broker.id 5 doesn't match stored broker.id") != std::string::npos);
  REQUIRE(fs().remove_tree(dir.path + "/d/zookeeper"));
  const auto wrong_cluster = DevServer::start(fs(), options_in(dir.path + "/d"));
  REQUIRE_FALSE(wrong_cluster);
  CHECK(wrong_cluster.error().find("doesn't match stored clusterId") != std::string::npos);
}
