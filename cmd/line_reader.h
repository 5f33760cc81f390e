// Lines of console-producer's input as records. Source: ConsoleProducer.LineMessageReader @ 3.4.0.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/client_config.h"

namespace kz::cmd {

struct LineReaderOptions {
  bool parse_key = false;
  bool parse_headers = false;
  bool ignore_error = false;
  std::string key_separator = "\t";
  std::string headers_delimiter = "\t";
  std::string headers_separator = ",";
  std::string headers_key_separator = ":";
  std::optional<std::string> null_marker;
};
// From the reader's properties; refuses separators that cannot be told apart. unknown: keys that nobody reads.
std::expected<LineReaderOptions, Uncaught> line_reader_options(const std::map<std::string, std::string>& properties,
                                                               std::vector<std::string>& unknown);

// The parts of one line; views into it.
struct ParsedLine {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
};
std::expected<void, Uncaught> parse_line(const LineReaderOptions& options, std::string_view line, int64_t number,
                                         ParsedLine& out);

// What Java's UTF-8 decoder makes of bytes: each maximal ill-formed part becomes U+FFFD. False: the text was well
// formed and `out` is untouched.
bool repair_utf8(std::string_view text, std::string& out);

// Cuts a stream of bytes into lines at \n, \r and \r\n.
class LineSplitter {
 public:
  // Calls line(view) for each whole line in data; keeps the rest.
  template <class F>
  void feed(std::string_view data, F&& line) {
    while (!data.empty()) {
      if (skip_newline_) {
        skip_newline_ = false;
        if (data.front() == '\n') {
          data.remove_prefix(1);
          continue;
        }
      }
      const size_t end = find_end(data);
      if (end == std::string_view::npos) {
        rest_ += data;
        return;
      }
      if (rest_.empty()) {
        line(data.substr(0, end));
      } else {
        rest_ += data.substr(0, end);
        line(std::string_view(rest_));
        rest_.clear();
      }
      skip_newline_ = data[end] == '\r';
      data.remove_prefix(end + 1);
    }
  }
  // The last line, when it has no end.
  template <class F>
  void finish(F&& line) {
    if (!rest_.empty()) line(std::string_view(rest_));
    rest_.clear();
  }

 private:
  static size_t find_end(std::string_view data);
  std::string rest_;
  bool skip_newline_ = false;
};

}  // namespace kz::cmd
