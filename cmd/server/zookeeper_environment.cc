#include "cmd/server/zookeeper_environment.h"

#include <pwd.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <span>
#include <string>

#include "storage/zk/file_names.h"

namespace kz::server {
namespace {

int64_t directory_bytes(storage::FileSystem& fs, const std::string& path) {
  const auto names = fs.list(path);
  if (!names) return 0;
  int64_t sum = 0;
  for (const auto& name : *names) {
    if (const auto info = fs.stat(path + "/" + name)) sum += info->size;
  }
  return sum;
}

// Java's keys, so that scripts find them; the Java ones say what takes their place.
void fill_lines(zk::ServerEnvironment& environment) {
  utsname name{};
  ::uname(&name);
  std::array<char, PATH_MAX> cwd{};
  if (::getcwd(cwd.data(), cwd.size()) == nullptr) cwd[0] = 0;
  const passwd* user = ::getpwuid(::geteuid());
  struct sysinfo memory{};
  ::sysinfo(&memory);
  const auto mib = [&](unsigned long units) { return std::to_string(units * memory.mem_unit >> 20) + "MB"; };
  environment.environment = {
      {"java.version", "none"},
      {"java.vendor", "kz " KZ_VERSION},
      {"java.home", "<NA>"},  // what Java prints for a property that is not set
      {"java.class.path", "<NA>"},
      {"java.library.path", "<NA>"},
      {"java.io.tmpdir", "/tmp"},
      {"java.compiler", "<NA>"},
      {"os.name", name.sysname},
      {"os.arch", name.machine},
      {"os.version", name.release},
      {"user.name", user ? user->pw_name : std::to_string(::geteuid())},
      {"user.home", user ? user->pw_dir : "/"},
      {"user.dir", cwd.data()},
      {"os.memory.free", mib(memory.freeram)},
      {"os.memory.max", mib(memory.totalram)},
      {"os.memory.total", mib(memory.totalram)},
  };
  environment.host_name = name.nodename;
}

void fill_descriptors(zk::ServerEnvironment& environment, storage::FileSystem& fs) {
  if (const auto open = fs.list("/proc/self/fd")) environment.open_fds = std::ssize(*open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) environment.max_fds = static_cast<int64_t>(limit.rlim_cur);
}

int64_t newest_snapshot_seconds(storage::FileSystem& fs, const std::string& path) {
  const auto info = fs.stat(path);
  return info ? info->mtime_ms / 1000 : -1;
}

}  // namespace

std::string process_metrics(storage::FileSystem& fs, int64_t started_ms) {
  zk::ServerEnvironment environment;
  fill_descriptors(environment, fs);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1'000'000;
  };
  int64_t pages = 0, resident = 0;
  std::array<char, 128> statm{};  // of a size that stat does not know
  if (const auto file = fs.open("/proc/self/statm", storage::OpenMode::kRead)) {
    const auto read = (*file)->pread(std::as_writable_bytes(std::span(statm).first(statm.size() - 1)), 0);
    if (read) std::sscanf(statm.data(), "%ld %ld", &pages, &resident);
  }
  const auto bytes = [](int64_t n) { return static_cast<double>(n * ::sysconf(_SC_PAGESIZE)); };
  std::string out;
  const auto metric = [&](const char* name, const char* help, const char* type, double value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, zk::java_double_text(value));
  };
  metric("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter",
         seconds(usage.ru_utime) + seconds(usage.ru_stime));
  metric("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", "gauge",
         static_cast<double>(started_ms) / 1000);
  metric("process_open_fds", "Number of open file descriptors.", "gauge", static_cast<double>(environment.open_fds));
  metric("process_max_fds", "Maximum number of open file descriptors.", "gauge",
         static_cast<double>(environment.max_fds));
  metric("process_virtual_memory_bytes", "Virtual memory size in bytes.", "gauge", bytes(pages));
  metric("process_resident_memory_bytes", "Resident memory size in bytes.", "gauge", bytes(resident));
  return out;
}

void refresh_environment(zk::ServerEnvironment& environment, std::string_view word, storage::FileSystem& fs,
                         const storage::zk::DataDir& data_dir) {
  environment.build = "kz " KZ_VERSION;
  if (word == "envi") fill_lines(environment);
  if (word == "mntr") fill_descriptors(environment, fs);
  if (word == "lsnp") {
    environment.snapshot.reset();
    const auto files = storage::zk::list_by_zxid(fs, data_dir.snapshot_dir(), storage::zk::kSnapshotPrefix);
    if (files && !files->empty()) {
      environment.snapshot = {files->back().zxid,
                              newest_snapshot_seconds(fs, data_dir.snapshot_dir() + "/" + files->back().name)};
    }
  }
  if (word == "dirs" || word == "conf" || word == "mntr") {
    environment.data_dir_bytes = directory_bytes(fs, data_dir.snapshot_dir());
    environment.log_dir_bytes = directory_bytes(fs, data_dir.log_dir());
  }
}

}  // namespace kz::server
