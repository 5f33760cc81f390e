#include "storage/read_chain.h"

#include <unistd.h>

#include <cerrno>

namespace kz::storage {

Result<Slice> read_chain(const Chain& chain) {
  if (chain.pieces().size() == 1) {
    if (const auto* only = std::get_if<Slice>(&chain.pieces()[0])) return *only;
  }
  Slice out = Slice::allocate(chain.size());
  std::byte* to = out.mutable_bytes().data();
  for (const Chain::Piece& piece : chain.pieces()) {
    if (const auto* memory = std::get_if<Slice>(&piece)) {
      std::memcpy(to, memory->data(), memory->size());
      to += memory->size();
      continue;
    }
    const FileSlice& file = std::get<FileSlice>(piece);
    int64_t done = 0;
    while (done < file.size) {
      const ssize_t n = ::pread(file.fd, to, static_cast<size_t>(file.size - done), file.position + done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(Errc::kIo, "log segment", errno);
      if (n == 0) return fail(Errc::kCorrupt, "log segment is shorter than its index says", file.position + done);
      to += n;
      done += n;
    }
  }
  return out;
}

}  // namespace kz::storage
