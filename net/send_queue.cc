#include "net/send_queue.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kz::net {

void SendQueue::push(Chain& chain) {
  bytes_ += chain.size();
  for (Chain::Piece& piece : chain.pieces()) {
    std::visit([this](auto& p) { items_.emplace_back(std::move(p)); }, piece);
  }
}

void SendQueue::push_frame(Chain body) {
  Prefix prefix;
  const uint32_t be = __builtin_bswap32(static_cast<uint32_t>(body.size()));
  std::memcpy(prefix.bytes.data(), &be, 4);
  items_.emplace_back(prefix);
  bytes_ += 4;
  push(body);
}

void SendQueue::push_raw(Chain bytes) { push(bytes); }

void SendQueue::clear() {
  items_ = {};
  head_ = 0;
  bytes_ = 0;
}

Status SendQueue::gather(const Transport& transport, MutableBytes scratch, Batch& batch) const {
  size_t scratch_used = 0;
  const auto add = [&batch](const std::byte* data, size_t size) {
    batch.pieces[batch.count++] = {const_cast<std::byte*>(data), size};
    batch.bytes += size;
  };
  for (size_t i = head_; i < items_.size() && batch.count < batch.pieces.size(); ++i) {
    if (const auto* slice = std::get_if<Slice>(&items_[i])) {
      add(slice->data(), slice->size());
    } else if (const auto* prefix = std::get_if<Prefix>(&items_[i])) {
      add(prefix->bytes.data() + prefix->sent, size_t{4} - prefix->sent);
    } else {
      const auto& file = std::get<FileSlice>(items_[i]);
      if (transport.sends_files()) {
        batch.more = true;
        return {};
      }
      const size_t want = std::min(static_cast<size_t>(file.size), scratch.size() - scratch_used);
      if (want == 0) break;
      std::byte* into = scratch.data() + scratch_used;
      const ssize_t got = ::pread(file.fd, into, want, file.position);
      if (got < 0 && errno == EINTR) break;
      if (got <= 0) return fail(Errc::kIo, "file slice cannot be read", got < 0 ? errno : 0);
      add(into, static_cast<size_t>(got));
      scratch_used += static_cast<size_t>(got);
      if (static_cast<int64_t>(got) < file.size) break;
    }
  }
  batch.more = batch.bytes < bytes_;
  return {};
}

void SendQueue::consume(size_t n) {
  bytes_ -= n;
  while (n > 0) {
    Item& item = items_[head_];
    if (auto* slice = std::get_if<Slice>(&item)) {
      if (n < slice->size()) {
        *slice = slice->sub(n);
        return;
      }
      n -= slice->size();
    } else if (auto* prefix = std::get_if<Prefix>(&item)) {
      const size_t left = size_t{4} - prefix->sent;
      if (n < left) {
        prefix->sent = static_cast<uint8_t>(prefix->sent + n);
        return;
      }
      n -= left;
    } else {
      auto& file = std::get<FileSlice>(item);
      if (static_cast<int64_t>(n) < file.size) {
        file.position += static_cast<int64_t>(n);
        file.size -= static_cast<int64_t>(n);
        return;
      }
      n -= static_cast<size_t>(file.size);
    }
    item = Slice();  // what it kept alive goes now
    ++head_;
  }
  if (head_ == items_.size()) {
    // An idle connection keeps no more than a small vector.
    if (items_.capacity() > 16) {
      items_ = {};
    } else {
      items_.clear();
    }
    head_ = 0;
  } else if (head_ > 1024 && head_ * 2 > items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

Status SendQueue::flush(Transport& transport, MutableBytes scratch) {
  while (bytes_ > 0) {
    if (const auto* file = std::get_if<FileSlice>(&items_[head_]); file && transport.sends_files()) {
      KZ_TRY(const size_t n, transport.send_file(file->fd, file->position, static_cast<size_t>(file->size)));
      if (n == 0) return {};
      consume(n);
      continue;
    }
    Batch batch;
    KZ_CHECK(gather(transport, scratch, batch));
    if (batch.count == 0) continue;
    KZ_TRY(const size_t n, transport.send({batch.pieces.data(), batch.count}, batch.more));
    if (n == 0) return {};
    consume(n);
  }
  return {};
}

}  // namespace kz::net
