#include "cmd/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <mutex>

namespace kz::cmd {
namespace {

constexpr int kHistoryLines = 500;      // as JLine's MemoryHistory
constexpr size_t kListedUnasked = 100;  // candidates; more are listed after a question, as in JLine

std::atomic<int> g_interrupt_fd = -1;  // where the SIGINT handler writes; -1 outside read()

void on_interrupt(int) {
  const int saved = errno;
  if (const int fd = g_interrupt_fd; fd >= 0) (void)!::write(fd, "!", 1);
  errno = saved;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR && errno != EAGAIN) return;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
}

size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

struct LineEditor::Impl {
  Prompt prompt;
  Completer completer;
  std::string prompt_text;
  EditLine* el = nullptr;
  History* history = nullptr;
  int wake[2] = {-1, -1};
  std::mutex mutex;
  std::string above;  // guarded: text to be shown
  bool interrupted = false;
  mbstate_t decoder{};

  static Impl& of(EditLine* el) {
    void* data = nullptr;
    el_get(el, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }
  static char* give_prompt(EditLine* el) {
    Impl& self = of(el);
    self.prompt_text = self.prompt();
    return self.prompt_text.data();
  }

  // Moves to the beginning of what is edited, however many rows it takes, and clears from there.
  void clear_edited() {
    const LineInfo* line = el_line(el);
    const size_t before =
        characters(prompt_text) + characters({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
    if (const size_t rows = before / terminal_width(); rows > 0) write_all("\x1b[" + std::to_string(rows) + "A");
    write_all("\r\x1b[J");
  }
  void show_pending() {
    std::string text;
    {
      std::lock_guard lock(mutex);
      text.swap(above);
    }
    if (text.empty()) return;
    clear_edited();
    write_all(text);
    el_set(el, EL_REFRESH);
  }

  // The next character; text from other threads is shown while waiting for it.
  static int next_character(EditLine* el, wchar_t* out) {
    Impl& self = of(el);
    while (true) {
      pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {self.wake[0], POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 && errno != EINTR) return -1;
      if ((fds[1].revents & POLLIN) != 0) {
        char marks[64];
        const ssize_t n = ::read(self.wake[0], marks, sizeof marks);
        for (ssize_t i = 0; i < n; ++i) self.interrupted = self.interrupted || marks[i] == '!';
        if (self.interrupted) return -1;
        self.show_pending();
        continue;
      }
      if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      char byte = 0;
      const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n <= 0) return static_cast<int>(n);
      const size_t used = std::mbrtowc(out, &byte, 1, &self.decoder);
      if (used == static_cast<size_t>(-2)) continue;  // more bytes to come
      if (used == static_cast<size_t>(-1)) {
        self.decoder = {};
        *out = L'?';
      }
      return 1;
    }
  }

  static unsigned char complete(EditLine* el, int) {
    Impl& self = of(el);
    const LineInfo* line = el_line(el);
    const std::string before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
    const Completion found = self.completer(before);
    if (found.candidates.empty()) return CC_REFRESH_BEEP;
    const std::string common = common_prefix(found.candidates);
    const bool only = found.candidates.size() == 1;
    const std::string word = before.substr(std::min(found.from, before.size()));
    if (common.size() > word.size() || only) {
      // Every candidate begins with the word.
      el_insertstr(el, (common.substr(word.size()) + (only && found.space_after ? " " : "")).c_str());
      if (only) return CC_REFRESH;
    }
    write_all("\n");
    if (wants_all(el, found.candidates.size())) write_all(in_columns(found.candidates, terminal_width()));
    return CC_REDISPLAY;
  }

  static bool wants_all(EditLine* el, size_t count) {
    if (count <= kListedUnasked) return true;
    write_all("Display all " + std::to_string(count) + " possibilities? (y or n)");
    wchar_t answer = 0;
    while (answer != L'y' && answer != L'n') {
      if (next_character(el, &answer) != 1) return false;
    }
    write_all("\n");
    return answer == L'y';
  }
};

LineEditor::LineEditor(const char* program, Prompt prompt, Completer completer) : impl_(std::make_unique<Impl>()) {
  std::setlocale(LC_CTYPE, "");
  Impl& self = *impl_;
  self.prompt = std::move(prompt);
  self.completer = std::move(completer);
  if (::pipe2(self.wake, O_CLOEXEC | O_NONBLOCK) != 0) self.wake[0] = self.wake[1] = -1;
  self.el = el_init(program, stdin, stdout, stderr);
  el_set(self.el, EL_CLIENTDATA, impl_.get());
  el_set(self.el, EL_PROMPT, &Impl::give_prompt);
  el_set(self.el, EL_EDITOR, "emacs");
  el_set(self.el, EL_SIGNAL, 1);
  el_set(self.el, EL_GETCFN, &Impl::next_character);
  self.history = history_init();
  HistEvent event;
  history(self.history, &event, H_SETSIZE, kHistoryLines);
  el_set(self.el, EL_HIST, history, self.history);
  // The wide form keeps the strings; the narrow one copies them and never lets go.
  el_wset(self.el, EL_ADDFN, L"kz-complete", L"complete the word", &Impl::complete);
  constexpr std::pair<const char*, const char*> kKeys[] = {
      {"^I", "kz-complete"},        {"^R", "em-inc-search-prev"}, {"\\e[3~", "ed-delete-next-char"},
      {"\\e[H", "ed-move-to-beg"},  {"\\e[F", "ed-move-to-end"},  {"\\e[1~", "ed-move-to-beg"},
      {"\\e[4~", "ed-move-to-end"}, {"\\eOH", "ed-move-to-beg"},  {"\\eOF", "ed-move-to-end"},
      {"\\e[1;5C", "em-next-word"}, {"\\e[1;5D", "ed-prev-word"}, {"\\e[A", "ed-prev-history"},
      {"\\e[B", "ed-next-history"}, {"\\eOA", "ed-prev-history"}, {"\\eOB", "ed-next-history"}};
  for (const auto& [key, command] : kKeys) el_set(self.el, EL_BIND, key, command, nullptr);
  el_source(self.el, nullptr);
}

LineEditor::~LineEditor() {
  history_end(impl_->history);
  el_end(impl_->el);
  for (const int fd : impl_->wake) {
    if (fd >= 0) ::close(fd);
  }
}

LineEditor::Result LineEditor::read(std::string& line) {
  Impl& self = *impl_;
  self.interrupted = false;
  g_interrupt_fd = self.wake[1];
  struct sigaction ours{};
  struct sigaction before{};
  ours.sa_handler = on_interrupt;
  sigaction(SIGINT, &ours, &before);
  int length = 0;
  const char* text = el_gets(self.el, &length);
  sigaction(SIGINT, &before, nullptr);
  g_interrupt_fd = -1;
  // What came after the last key belongs to nobody's line any more.
  std::string rest;
  {
    std::lock_guard lock(self.mutex);
    rest.swap(self.above);
  }
  write_all(rest);
  if (self.interrupted) return Result::kInterrupted;
  if (text == nullptr || length <= 0) return Result::kEnd;
  line.assign(text, static_cast<size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return Result::kLine;
}

void LineEditor::add_history(const std::string& line) {
  HistEvent event;
  // A line twice in a row is kept once, as in JLine.
  if (history(impl_->history, &event, H_FIRST) == 0 && event.str != nullptr && line == event.str) return;
  history(impl_->history, &event, H_ENTER, line.c_str());
}

void LineEditor::load_history(const std::string& file) {
  HistEvent event;
  history(impl_->history, &event, H_LOAD, file.c_str());
}

void LineEditor::save_history(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  ::close(fd);
  HistEvent event;
  history(impl_->history, &event, H_SAVE, file.c_str());
}

void LineEditor::show_above(const std::string& text) {
  std::lock_guard lock(impl_->mutex);
  impl_->above += text;
  (void)!::write(impl_->wake[1], ".", 1);
}

std::string common_prefix(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  std::string prefix = words[0];
  for (const auto& word : words) {
    size_t n = 0;
    while (n < prefix.size() && n < word.size() && prefix[n] == word[n]) ++n;
    prefix.resize(n);
  }
  // Not in the middle of a character.
  while (!prefix.empty() && prefix.size() < words[0].size() && (words[0][prefix.size()] & 0xc0) == 0x80)
    prefix.pop_back();
  return prefix;
}

std::string in_columns(const std::vector<std::string>& words, size_t width) {
  size_t widest = 0;
  for (const auto& w : words) widest = std::max(widest, characters(w));
  const size_t columns = std::max<size_t>(1, (width + 2) / (widest + 3));
  const size_t rows = (words.size() + columns - 1) / columns;
  std::string out;
  for (size_t row = 0; row < rows; ++row) {
    std::string line;
    for (size_t at = row; at < words.size(); at += rows) {
      line += words[at];
      if (at + rows < words.size()) line += std::string(widest + 3 - characters(words[at]), ' ');
    }
    out += line + "\n";
  }
  return out;
}

}  // namespace kz::cmd
