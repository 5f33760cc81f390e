// What the machine allows: kz_ceilings DIRECTORY prints fdatasync after a small append and a loopback round trip
// between two threads, as one line of JSON (medians, microseconds).
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

template <class F>
double median_us(int rounds, F once) {
  std::vector<double> took;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    once();
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double sync_us(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR, 0600);
  if (fd < 0) die("kz_ceilings: open");
  const std::string block(200, 'x');
  const double us = median_us(1000, [&] {
    if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0) die("kz_ceilings: write");
  });
  ::close(fd);
  return us;
}

double loopback_us() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    die("kz_ceilings: listen");
  }
  std::thread echo([&] {
    const int fd = ::accept(listener, nullptr, nullptr);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char block[64];
    for (ssize_t n; (n = ::recv(fd, block, sizeof block, 0)) > 0;) {
      if (::send(fd, block, static_cast<size_t>(n), MSG_NOSIGNAL) != n) break;
    }
    ::close(fd);
  });
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("kz_ceilings: connect");
  char block[64] = "";
  const double us = median_us(20000, [&] {
    if (::send(fd, block, sizeof block, 0) != sizeof block || ::recv(fd, block, sizeof block, MSG_WAITALL) <= 0) {
      die("kz_ceilings: round trip");
    }
  });
  ::close(fd);
  echo.join();
  ::close(listener);
  return us;
}

}  // namespace

int main(int argc, char** argv) {
  const double sync = sync_us(argc > 1 ? argv[1] : ".");
  const double loopback = loopback_us();
  std::printf(R"({"fdatasync_us":%.1f,"loopback_us":%.1f})"
              "\n",
              sync, loopback);
  return 0;
}
