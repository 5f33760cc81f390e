#include "net/transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

namespace kz::net {
namespace {

Result<size_t> outcome(ssize_t n, const char* what) {
  if (n >= 0) return static_cast<size_t>(n);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return size_t{0};
  if (errno == ETIMEDOUT) return fail(Errc::kTimeout, what, errno);
  if (errno == ECONNRESET || errno == EPIPE) return fail(Errc::kDisconnected, what, errno);
  return fail(Errc::kIo, what, errno);
}

}  // namespace

Result<size_t> PlainTransport::receive(MutableBytes into) {
  const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
  if (n == 0 && !into.empty()) return fail(Errc::kDisconnected, "end of stream");
  return outcome(n, "recv");
}

Result<size_t> PlainTransport::send(std::span<const iovec> pieces, bool more) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return outcome(::sendmsg(fd_, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0)), "send");
}

Result<size_t> PlainTransport::send_file(int fd, int64_t position, size_t size) {
  off_t at = position;
  const ssize_t n = ::sendfile(fd_, fd, &at, size);
  if (n == 0 && size > 0) return fail(Errc::kIo, "file ends before the slice");
  return outcome(n, "sendfile");
}

}  // namespace kz::net
