// The dependency rules, read off the include lines (link order cannot see headers), and a few bans that go with them.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Source {
  std::string path;  // relative to the repository
  std::vector<std::string> lines;
};

std::vector<Source> sources_under(const std::string& folder) {
  std::vector<Source> all;
  const fs::path root = fs::path(KZ_SOURCE_DIR);
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const std::string ext = entry.path().extension();
    if (ext != ".h" && ext != ".cc") continue;
    Source s{fs::relative(entry.path(), root), {}};
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) s.lines.push_back(line);
    all.push_back(std::move(s));
  }
  return all;
}

bool starts(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

// What each layer may include of ours; the longest matching prefix decides.
struct Rule {
  std::string layer;
  std::vector<std::string> may_include;
};
const std::vector<Rule> kRules = {
    {"core/base/", {"core/base/", "core/bytes/slab.h"}},
    {"core/bytes/", {"core/base/", "core/bytes/"}},
    {"core/ports", {"core/base/", "core/bytes/", "core/kafka/", "core/ports"}},
    {"core/kafka/", {"core/base/", "core/bytes/", "core/kafka/"}},
    {"core/log/", {"core/base/", "core/bytes/", "core/kafka/", "core/log/", "core/ports"}},
    {"core/zk/", {"core/base/", "core/bytes/", "core/zk/"}},
    {"core/election/", {"core/base/", "core/bytes/", "core/zk/", "core/election/"}},
    {"core/zab/", {"core/base/", "core/bytes/", "core/zk/", "core/election/", "core/zab/"}},
    {"core/client/", {"core/base/", "core/bytes/", "core/kafka/", "core/zk/", "core/client/", "core/ports"}},
    {"core/broker/", {"core/"}},
    {"storage/", {"core/", "storage/"}},
    {"net/", {"core/", "net/"}},
    {"cmd/", {"core/", "storage/", "net/", "cmd/"}},
};

// System headers that core must not see: no sockets, files, threads, clocks or front-end libraries.
const std::set<std::string> kBannedInCore = {"thread",       "filesystem",  "fstream",    "iostream",
                                             "random",       "unistd.h",    "fcntl.h",    "sys/socket.h",
                                             "netinet/in.h", "sys/epoll.h", "sys/stat.h", "pthread.h"};

}  // namespace

TEST_CASE("each layer includes only the layers below it") {
  const std::regex ours("^\\s*#include \"([^\"]+)\"");
  for (const char* folder : {"core", "storage", "net", "cmd"}) {
    for (const Source& s : sources_under(folder)) {
      const Rule* rule = nullptr;
      for (const Rule& r : kRules) {
        if (starts(s.path, r.layer) && (rule == nullptr || r.layer.size() > rule->layer.size())) rule = &r;
      }
      CAPTURE(s.path);
      REQUIRE_MESSAGE(rule != nullptr, "a folder that docs/design.md does not know");
      for (const std::string& line : s.lines) {
        std::smatch m;
        if (!std::regex_search(line, m, ours)) continue;
        bool allowed = false;
        for (const std::string& prefix : rule->may_include) allowed = allowed || starts(m[1], prefix);
        if (starts(rule->layer, "core/") && rule->layer != "core/broker/")
          allowed = allowed && !starts(m[1], "core/broker/");
        CHECK_MESSAGE(allowed, s.path << " includes " << m[1].str());
      }
    }
  }
}

TEST_CASE("core has no sockets, files, threads or clocks; heavy headers stay behind their one door") {
  const std::regex system("^\\s*#include <([^>]+)>");
  for (const char* folder : {"core", "storage", "net", "cmd"}) {
    for (const Source& s : sources_under(folder)) {
      const bool in_core = starts(s.path, "core/");
      for (const std::string& line : s.lines) {
        std::smatch m;
        if (!std::regex_search(line, m, system)) continue;
        const std::string header = m[1];
        CAPTURE(s.path);
        CAPTURE(header);
        if (in_core) {
          CHECK(kBannedInCore.count(header) == 0);
          if (header == "mutex") CHECK((s.path == "core/base/guarded.h"));
        }
        if (starts(header, "boost/asio")) CHECK(starts(s.path, "net/"));
        if (starts(header, "spdlog/")) CHECK(s.path == "cmd/logging.cc");
        if (starts(header, "CLI/")) CHECK(s.path == "cmd/command_line.cc");
        if (starts(header, "toml++/")) CHECK(s.path == "cmd/config_toml.cc");
      }
      if (in_core) {
        for (const std::string& line : s.lines) {
          CHECK_MESSAGE(line.find("_clock::now") == std::string::npos, s.path << " reads a clock");
          CHECK_MESSAGE(line.find("random_device") == std::string::npos, s.path << " draws its own randomness");
        }
      }
    }
  }
}

TEST_CASE("no left-over markers, headers are guarded, files stay readable") {
  const std::regex marker("\\b(TODO|FIXME|XXX|HACK)\\b");
  for (const char* folder : {"core", "storage", "net", "cmd"}) {
    for (const Source& s : sources_under(folder)) {
      bool guarded = false;
      for (const std::string& line : s.lines) {
        guarded = guarded || line == "#pragma once";
        CHECK_MESSAGE(!std::regex_search(line, marker), s.path << ": " << line);
      }
      if (s.path.ends_with(".h")) CHECK_MESSAGE(guarded, s.path << " lacks #pragma once");
    }
  }
}
