// Four-letter words: known words, the white list, and the texts that scripts and monitors parse.
#include "core/zk/four_letter.h"

#include <doctest/doctest.h>

#include "tests/unit/zk/harness.h"

using namespace kz;
using namespace kz::zk;
using namespace kz::zk::test;

namespace {

std::string ask(Server& s, std::string_view word) {
  static ServerEnvironment environment;
  environment.build = "2022-02-25 08:49 UTC";
  environment.client_port = 2181;
  const ConnId conn = s.open();
  s.run([&](Effects& out) { s.pipeline->on_four_letter(conn, word, environment, s.now, out); });
  CHECK(s.inbox[conn].closed);
  REQUIRE(s.inbox[conn].frames.size() == 1);
  return s.inbox[conn].frames.front();
}

int32_t word_bytes(std::string_view word) {
  const Slice slice = Slice::copy_of(word);
  Reader r(slice);
  return r.i32();
}

}  // namespace

TEST_CASE("words are recognised by their four bytes; a frame length is never one") {
  CHECK(four_letter_word(word_bytes("ruok")) == "ruok");
  CHECK(four_letter_word(word_bytes("wchp")) == "wchp");
  CHECK(four_letter_word(word_bytes("nope")) == "");
  CHECK(four_letter_word(45) == "");
}

TEST_CASE("only listed words are answered, and srvr always is") {
  Server s;
  CHECK(ask(s, "ruok") == "ruok is not executed because it is not in the whitelist.\n");
  CHECK(ask(s, "isro") == "isro is not executed because it is not in the whitelist.\n");
  CHECK(ask(s, "srvr").starts_with("Zookeeper version: 3.8.0"));
  Server all("4lw.commands.whitelist=*\n");
  CHECK(ask(all, "ruok") == "imok");
  CHECK(ask(all, "isro") == "rw");
}

TEST_CASE("srvr and stat as Apache 3.8 prints them") {
  Server s("4lw.commands.whitelist=*\n");
  CHECK(ask(s, "srvr") ==
        "Zookeeper version: 3.8.0, built on 2022-02-25 08:49 UTC\nLatency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\n"
        "Connections: 1\nOutstanding: 0\nZxid: 0x0\nMode: standalone\nNode count: 5\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/x"));
  const std::string text = ask(s, "stat");
  CHECK(
      text.find(
          "Clients:\n /127.0.0.1:40002[1](queued=0,recved=2,sent=2)\n /127.0.0.1:40003[0](queued=0,recved=1,sent=0)\n\n"
          "Latency min/avg/max: 0/0.0/0\nReceived: 4\nSent: 3\nConnections: 2\nOutstanding: 0\nZxid: 0x2\n"
          "Mode: standalone\nNode count: 6\n") != std::string::npos);
  CHECK(ask(s, "srst") == "Server stats reset.\n");
  CHECK(ask(s, "srvr").find("Received: 1\n") != std::string::npos);
}

TEST_CASE("cons shows sessions, crst resets them") {
  Server s("4lw.commands.whitelist=*\n");
  const ConnId c = s.client();
  s.call(c, OpCode::kCreate, create("/x"));
  const std::string text = ask(s, "cons");
  const std::string sid = fmt::format("0x{:x}", static_cast<uint64_t>(s.session[c]));
  CHECK(text.starts_with(" /127.0.0.1:40001[1](queued=0,recved=2,sent=2,sid=" + sid +
                         ",lop=CREA,est=1600000000000,to=10000,lcxid=0x1,lzxid=0x2,lresp=1000000,llat=0,minlat=0,"
                         "avglat=0,maxlat=0)\n"));
  CHECK(text.ends_with("\n\n"));
  CHECK(ask(s, "crst") == "Connection stats reset.\n");
  CHECK(ask(s, "cons").find("recved=0,sent=0") != std::string::npos);
}

TEST_CASE("conf, dirs, envi") {
  Server s("4lw.commands.whitelist=*\n");
  CHECK(ask(s, "conf") ==
        "clientPort=2181\nsecureClientPort=-1\ndataDir=/tmp/x/version-2\ndataDirSize=0\ndataLogDir=/tmp/x/version-2\n"
        "dataLogSize=0\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n"
        "clientPortListenBacklog=-1\nserverId=0\n");
  CHECK(ask(s, "dirs") == "datadir_size: 0\nlogdir_size: 0\n");
  CHECK(ask(s, "envi").starts_with("Environment:\nzookeeper.version=3.8.0"));
}

TEST_CASE("mntr is key, tab, value, and starts with version and state") {
  Server s("4lw.commands.whitelist=*\n");
  const std::string text = ask(s, "mntr");
  CHECK(text.starts_with("zk_version\t3.8.0, built on 2022-02-25 08:49 UTC\nzk_server_state\tstandalone\n"));
  CHECK(text.find("zk_znode_count\t5\n") != std::string::npos);
  CHECK(text.find("zk_num_alive_connections\t1\n") != std::string::npos);
  CHECK(text.find("zk_avg_latency\t0.0\n") != std::string::npos);
}

TEST_CASE("dump and the watch words") {
  Server s("4lw.commands.whitelist=*\n");
  const ConnId c = s.client(4000);
  s.call(c, OpCode::kCreate, create("/e", "", 1));
  s.call(c, OpCode::kExists, PathRequest{"/w", true});
  const std::string sid = fmt::format("0x{:x}", static_cast<uint64_t>(s.session[c]));
  const std::string dump = ask(s, "dump");
  CHECK(dump.starts_with("SessionTracker dump:\nSession Sets (1)/(1):\n1 expire at Sun Sep 13 12:26:46 UTC 2020:\n\t" +
                         sid + "\nephemeral nodes dump:\nSessions with Ephemerals (1):\n" + sid +
                         ":\n\t/e\nConnections dump:\n"));
  CHECK(ask(s, "wchs") == "1 connections watching 1 paths\nTotal watches:1\n");
  CHECK(ask(s, "wchc") == sid + "\n\t/w\n\n");
  CHECK(ask(s, "wchp") == "/w\n\t" + sid + "\n\n");
}

TEST_CASE("hash: zxids in hexadecimal, digests as Java's signed decimal") {
  const ZooConfig config = config_of("4lw.commands.whitelist=*\n");
  ServerInfo info;
  info.config = &config;
  info.digest_log = {{0x100000080, 0xffffffffffffffff}, {0x100000100, 1371985504}};
  CHECK(four_letter_answer("hash", info) == "100000080: -1\n100000100: 1371985504\n");
}
