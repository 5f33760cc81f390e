// Going into the background and coming to an end: what `nohup java ... &` and the JVM's signal handling do for the
// originals. All of it happens before threads and logging start. POSIX; the only place with fork.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace kz::cmd {

// One process before, two after: the caller's (parent) and the daemon's (child), told apart by is_daemon().
class Daemon {
 public:
  // Double fork, own session, standard input from /dev/null, standard output and error to out_file (emptied).
  // The working directory stays: configurations hold relative paths. Errors are reported in the caller's process.
  static Result<Daemon> fork_off(const std::string& out_file);
  Daemon(Daemon&& o) noexcept;
  Daemon& operator=(Daemon&&) = delete;
  ~Daemon();

  bool is_daemon() const { return is_daemon_; }
  pid_t pid() const { return pid_; }  // the daemon's

  // Daemon: the server serves now.
  void report_serving();

  enum class State {
    kServing,  // it said so
    kRunning,  // alive when the time was over
    kGone,     // ended before it served
  };
  // Caller: waits until the daemon serves or ends, at most this long.
  State wait(int timeout_ms);

 private:
  Daemon(bool is_daemon, pid_t pid, int fd) : is_daemon_(is_daemon), pid_(pid), fd_(fd) {}
  bool is_daemon_;
  pid_t pid_;
  int fd_;  // write end in the daemon, read end in the caller
};

// The process id in a pid file; nullopt when there is no such file or no number in it.
std::optional<pid_t> read_pid_file(const std::string& path);
// Without a newline, as zkServer.sh writes it.
Status write_pid_file(const std::string& path, pid_t pid);

bool process_alive(pid_t pid);  // zombies count as ended
// The arguments by which it was started; empty when it is gone or not ours to see.
std::string command_line_of(pid_t pid);
// Processes whose arguments contain all of the words (each in any place), this one left out.
std::vector<pid_t> find_processes(const std::vector<std::string>& words);
// Waits until the process has ended; false when it still runs after the time.
bool wait_for_end(pid_t pid, int timeout_ms);

// SIGTERM and SIGINT are kept for wait_for_stop_signal() from here on, in this thread and all that it starts; SIGPIPE
// is ignored, SIGHUP too in a daemon.
void hold_stop_signals();
// Blocks until one arrives; its number.
int wait_for_stop_signal();
// From any thread: wait_for_stop_signal() returns (a server that cannot go on).
void request_stop();

}  // namespace kz::cmd
