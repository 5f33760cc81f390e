// A line from a terminal, with editing, history, completion, and text from other threads that may appear above the
// line while it is edited. Wraps libedit (histedit.h). read() is for one thread, show_above() for any.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kz::cmd {

class LineEditor {
 public:
  enum class Result { kLine, kEnd, kInterrupted };
  struct Completion {
    size_t from = 0;  // where in the text before the cursor the completed word begins
    std::vector<std::string> candidates;
    bool space_after = true;  // behind the only candidate
  };
  using Completer = std::function<Completion(const std::string& before_cursor)>;
  using Prompt = std::function<std::string()>;

  // prompt is asked again whenever the line is drawn anew.
  LineEditor(const char* program, Prompt prompt, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // kEnd: Ctrl-D on an empty line, or the terminal is gone. kInterrupted: Ctrl-C.
  Result read(std::string& line);
  void add_history(const std::string& line);
  void load_history(const std::string& file);
  void save_history(const std::string& file);  // readable by the owner alone
  void show_above(const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Longest common beginning.
std::string common_prefix(const std::vector<std::string>& words);
// Words in columns, down first, for a terminal of this width; each line ends in "\n".
std::string in_columns(const std::vector<std::string>& words, size_t width);

}  // namespace kz::cmd
