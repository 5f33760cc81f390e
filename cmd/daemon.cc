#include "cmd/daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "storage/fs.h"

namespace kz::cmd {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(5);

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  return set;
}

bool write_all(int fd, const void* data, size_t size) { return ::write(fd, data, size) == static_cast<ssize_t>(size); }

// The daemon's side between the forks and the caller's code.
bool become_daemon(int out) {
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return null >= 0 && ::dup2(null, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(out, 2) >= 0 &&
         ::signal(SIGHUP, SIG_IGN) != SIG_ERR;
}

}  // namespace

Result<Daemon> Daemon::fork_off(const std::string& out_file) {
  const int out = ::open(out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (out < 0) return fail(errno == EACCES ? Errc::kPermission : Errc::kIo, "output file", errno);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail(Errc::kIo, "pipe", errno);
  const pid_t middle = ::fork();
  if (middle < 0) return fail(Errc::kIo, "fork", errno);
  if (middle == 0) {
    ::setsid();
    const pid_t inner = ::fork();
    if (inner != 0) ::_exit(inner < 0 ? 1 : 0);
    ::close(pipe[0]);
    const pid_t pid = ::getpid();
    if (!become_daemon(out) || !write_all(pipe[1], &pid, sizeof pid)) ::_exit(1);
    return Daemon(true, pid, pipe[1]);
  }
  ::close(pipe[1]);
  ::close(out);
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  pid_t pid = -1;
  if (::read(pipe[0], &pid, sizeof pid) != static_cast<ssize_t>(sizeof pid)) {
    ::close(pipe[0]);
    return fail(Errc::kIo, "fork", EAGAIN);
  }
  return Daemon(false, pid, pipe[0]);
}

Daemon::Daemon(Daemon&& o) noexcept : is_daemon_(o.is_daemon_), pid_(o.pid_), fd_(std::exchange(o.fd_, -1)) {}

Daemon::~Daemon() {
  if (fd_ >= 0) ::close(fd_);
}

void Daemon::report_serving() {
  // Nobody may be reading any more: then there is nobody to tell.
  if (fd_ >= 0) (void)write_all(fd_, "s", 1);
  ::close(std::exchange(fd_, -1));
}

Daemon::State Daemon::wait(int timeout_ms) {
  pollfd readable{fd_, POLLIN, 0};
  int n;
  do n = ::poll(&readable, 1, timeout_ms);
  while (n < 0 && errno == EINTR);
  if (n == 0) return process_alive(pid_) ? State::kRunning : State::kGone;
  char said = 0;
  return ::read(fd_, &said, 1) == 1 ? State::kServing : State::kGone;
}

std::optional<pid_t> read_pid_file(const std::string& path) {
  const auto text = storage::posix_fs().read_file(path);
  if (!text) return std::nullopt;
  pid_t pid = 0;
  const size_t start = std::min(text->find_first_not_of(" \t\n"), text->size());
  const auto [end, error] = std::from_chars(text->data() + start, text->data() + text->size(), pid);
  if (error != std::errc{} || pid <= 0) return std::nullopt;
  return pid;
}

Status write_pid_file(const std::string& path, pid_t pid) {
  KZ_TRY(auto file, storage::posix_fs().open(path, storage::OpenMode::kTruncate));
  return file->pwrite(as_bytes(std::to_string(pid)), 0);
}

bool process_alive(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  // "pid (name) state ...": the name may hold anything, so the state follows the last parenthesis.
  const auto file = storage::posix_fs().open("/proc/" + std::to_string(pid) + "/stat", storage::OpenMode::kRead);
  if (!file) return false;
  std::array<std::byte, 512> bytes;
  const auto got = (*file)->pread(bytes, 0);
  if (!got) return false;
  const std::string_view text = as_text(Bytes(bytes).first(*got));
  const size_t close = text.rfind(") ");
  return close == std::string_view::npos || (text[close + 2] != 'Z' && text[close + 2] != 'X');
}

std::string command_line_of(pid_t pid) {
  const auto file = storage::posix_fs().open("/proc/" + std::to_string(pid) + "/cmdline", storage::OpenMode::kRead);
  if (!file) return {};
  std::string text(65536, '\0');
  const auto got = (*file)->pread(std::as_writable_bytes(std::span(text)), 0);
  text.resize(got.value_or(0));
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

std::vector<pid_t> find_processes(const std::vector<std::string>& words) {
  std::vector<pid_t> found;
  const auto names = storage::posix_fs().list("/proc");
  if (!names) return found;
  for (const auto& name : *names) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || pid == ::getpid()) continue;
    const std::string line = command_line_of(pid);
    const bool all =
        std::all_of(words.begin(), words.end(), [&](const auto& word) { return line.find(word) != std::string::npos; });
    if (!line.empty() && all && process_alive(pid)) found.push_back(pid);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool wait_for_end(pid_t pid, int timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (process_alive(pid)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

void hold_stop_signals() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int wait_for_stop_signal() {
  const sigset_t set = stop_signals();
  int signal = 0;
  while (::sigwait(&set, &signal) != 0) {
  }
  return signal;
}

void request_stop() { ::kill(::getpid(), SIGTERM); }

}  // namespace kz::cmd
