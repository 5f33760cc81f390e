// A load client on ZooKeeper's C API: kz_zk_load SERVER create|set|get REQUESTS OUTSTANDING. Values of 100 B, sets and
// gets over 1,000 keys. One line of JSON on stdout.
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kKeys = 1000;

struct Run {
  std::mutex mutex;
  std::condition_variable changed;
  bool connected = false;
  int in_flight = 0;
  int errors = 0;
  std::vector<double> latencies_us;
};

struct Request {
  Run* run;
  Clock::time_point sent;
};

void on_event(zhandle_t*, int type, int state, const char*, void* context) {
  auto& run = *static_cast<Run*>(context);
  if (type != ZOO_SESSION_EVENT || state != ZOO_CONNECTED_STATE) return;
  std::lock_guard lock(run.mutex);
  run.connected = true;
  run.changed.notify_all();
}

void finish(int rc, const void* data) {
  const auto& request = *static_cast<const Request*>(data);
  const double us = std::chrono::duration<double, std::micro>(Clock::now() - request.sent).count();
  Run& run = *request.run;
  std::lock_guard lock(run.mutex);
  run.latencies_us.push_back(us);
  run.errors += rc != ZOK;
  --run.in_flight;
  run.changed.notify_all();
}
void on_string(int rc, const char*, const void* data) { finish(rc, data); }
void on_stat(int rc, const Stat*, const void* data) { finish(rc, data); }
void on_data(int rc, const char*, int, const Stat*, const void* data) { finish(rc, data); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: kz_zk_load SERVER create|set|get REQUESTS OUTSTANDING\n", stderr);
    return 2;
  }
  const std::string operation = argv[2];
  const int count = std::atoi(argv[3]);
  const int outstanding = std::atoi(argv[4]);
  Run run;
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  zhandle_t* zk = zookeeper_init(argv[1], on_event, 30000, nullptr, &run, 0);
  {
    std::unique_lock lock(run.mutex);
    if (!run.changed.wait_for(lock, std::chrono::seconds(30), [&] { return run.connected; })) {
      std::fputs("kz_zk_load: no session\n", stderr);
      return 1;
    }
  }
  const std::string value(100, 'x');
  const auto make = [&](const std::string& path) {
    const int rc = zoo_create(zk, path.c_str(), value.data(), 100, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
    if (rc != ZOK && rc != ZNODEEXISTS) {
      std::fprintf(stderr, "kz_zk_load: create %s: %s\n", path.c_str(), zerror(rc));
      std::exit(1);
    }
  };
  const std::string root = "/kz-bench";
  make(root);
  std::string directory = root + "/keys";
  if (operation == "create") directory = root + "/" + std::to_string(Clock::now().time_since_epoch().count());
  make(directory);
  if (operation != "create") {
    for (int i = 0; i < kKeys; ++i) make(directory + "/" + std::to_string(i));
  }
  std::vector<Request> requests(static_cast<size_t>(count), Request{&run, {}});
  run.latencies_us.reserve(requests.size());
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    {
      std::unique_lock lock(run.mutex);
      run.changed.wait(lock, [&] { return run.in_flight < outstanding; });
      ++run.in_flight;
    }
    Request& request = requests[static_cast<size_t>(i)];
    request.sent = Clock::now();
    const std::string path = directory + "/" + std::to_string(operation == "create" ? i : i % kKeys);
    int rc;
    if (operation == "create") {
      rc = zoo_acreate(zk, path.c_str(), value.data(), 100, &ZOO_OPEN_ACL_UNSAFE, 0, on_string, &request);
    } else if (operation == "set") {
      rc = zoo_aset(zk, path.c_str(), value.data(), 100, -1, on_stat, &request);
    } else {
      rc = zoo_aget(zk, path.c_str(), 0, on_data, &request);
    }
    if (rc != ZOK) finish(rc, &request);
  }
  {
    std::unique_lock lock(run.mutex);
    run.changed.wait(lock, [&] { return run.in_flight == 0; });
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  zookeeper_close(zk);
  if (run.errors > 0) {
    std::fprintf(stderr, "kz_zk_load: %d requests failed\n", run.errors);
    return 1;
  }
  auto& l = run.latencies_us;
  std::sort(l.begin(), l.end());
  std::printf(R"({"operation":"%s","outstanding":%d,"ops_s":%.0f,"p50_us":%.1f,"p99_us":%.1f})"
              "\n",
              operation.c_str(), outstanding, count / seconds, l[l.size() / 2], l[l.size() * 99 / 100]);
  return 0;
}
