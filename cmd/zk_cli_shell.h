// zk-cli's shell: finds commands, counts and repeats them, and has those that need no session: connect, history, redo,
// printwatches, quit. Source: ZooKeeperMain.processZKCmd @ release-3.8.0.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cmd/line_editor.h"
#include "cmd/zk_cli_commands.h"

namespace kz::cmd {

class ZkShell {
 public:
  explicit ZkShell(CliSession& session) : session_(session) {}

  // A line of input; an empty one does nothing.
  void execute_line(const std::string& line);
  void execute(const Words& words);
  bool quit() const { return quit_; }
  int exit_status() const { return status_; }
  std::string prompt();
  LineEditor::Completion complete(const std::string& before_cursor);

 private:
  Outcome run(const Words& words);
  Outcome redo(const std::string& number);

  CliSession& session_;
  std::map<int, std::string> history_;
  int count_ = 0;
  int status_ = 0;
  bool quit_ = false;
};

void print_zk_usage(ZkConsole& console);

}  // namespace kz::cmd
