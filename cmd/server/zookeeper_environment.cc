#include "cmd/server/zookeeper_environment.h"

#include <pwd.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string>

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

}  // namespace

void refresh_environment(zk::ServerEnvironment& environment, std::string_view word, storage::FileSystem& fs,
                         const storage::zk::DataDir& data_dir) {
  environment.build = "kz " KZ_VERSION;
  if (word == "envi") fill_lines(environment);
  if (word == "mntr") fill_descriptors(environment, fs);
  if (word == "dirs" || word == "conf" || word == "mntr") {
    environment.data_dir_bytes = directory_bytes(fs, data_dir.snapshot_dir());
    environment.log_dir_bytes = directory_bytes(fs, data_dir.log_dir());
  }
}

}  // namespace kz::server
