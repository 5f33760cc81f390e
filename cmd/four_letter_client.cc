#include "cmd/four_letter_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

namespace kz::cmd {
namespace {

using Clock = std::chrono::steady_clock;

Status wait_for(int fd, short events, Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd p{fd, events, 0};
  const int n = left > 0 ? ::poll(&p, 1, static_cast<int>(left)) : 0;
  if (n == 0) return fail(Errc::kTimeout, "four-letter word");
  if (n < 0 && errno != EINTR) return fail(Errc::kIo, "poll", errno);
  return {};
}

Result<std::string> ask(int fd, const addrinfo& address, const std::string& word, Clock::time_point until) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return fail(Errc::kRefused, "connect", errno);
    KZ_CHECK(wait_for(fd, POLLOUT, until));
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(Errc::kRefused, "connect", error);
  }
  if (::send(fd, word.data(), word.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(word.size()))
    return fail(Errc::kDisconnected, "send", errno);
  std::string answer;
  std::array<char, 4096> block;
  while (true) {
    const ssize_t n = ::recv(fd, block.data(), block.size(), 0);
    if (n > 0) {
      answer.append(block.data(), static_cast<size_t>(n));
    } else if (n == 0) {
      return answer;
    } else if (errno == EAGAIN) {
      KZ_CHECK(wait_for(fd, POLLIN, until));
    } else if (errno != EINTR) {
      return fail(Errc::kDisconnected, "recv", errno);
    }
  }
}

}  // namespace

Result<std::string> ask_four_letter_word(const std::string& host, const std::string& port, const std::string& word,
                                         int timeout_ms) {
  const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return fail(Errc::kResolve, "host");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, &::freeaddrinfo);
  Result<std::string> answer = fail(Errc::kResolve, "host");
  for (const addrinfo* a = found; a != nullptr && !answer; a = a->ai_next) {
    const int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) continue;
    answer = ask(fd, *a, word, until);
    ::close(fd);
  }
  return answer;
}

}  // namespace kz::cmd
