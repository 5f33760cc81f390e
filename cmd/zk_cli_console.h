// What zk-cli writes: command output, errors in step with it, and events that come while the user types.
// print() and error() are for the tool's own thread, event() for any.
#pragma once
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "cmd/client_support.h"

namespace kz::cmd {

class ZkConsole {
 public:
  void print(std::string_view text) {
    std::lock_guard lock(mutex_);
    out_.put(text);
  }
  void flush() {
    std::lock_guard lock(mutex_);
    out_.flush();
  }
  // A line on standard error, after what was printed before it.
  void error(const std::string& line) {
    std::lock_guard lock(mutex_);
    out_.flush();
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  // Text from another thread. While a line is edited it goes to whoever edits.
  void event(const std::string& text) {
    std::lock_guard lock(mutex_);
    if (editor_) return editor_(text);
    out_.put(text);
    out_.flush();
  }
  // From now on events go to fn (called under the console's lock, on any thread); empty: to standard output again.
  void set_editor(std::function<void(const std::string&)> fn) {
    std::lock_guard lock(mutex_);
    editor_ = std::move(fn);
  }
  bool failed() const { return out_.failed(); }

 private:
  std::mutex mutex_;
  Output out_;
  std::function<void(const std::string&)> editor_;
};

}  // namespace kz::cmd
