// Shared bytes: Slab (a counted block), Slice (a view that keeps its slab alive), FileSlice (bytes still in a file),
// Chain (what is to be sent). A produced batch is never copied after the socket read: it travels as Slices.
// Cost: Slice copy = one atomic increment; Chain append = one vector push.
// Thread rule: counts are atomic, contents are immutable once shared; a Chain belongs to one thread at a time.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/check.h"

namespace kz {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view s) { return {reinterpret_cast<const std::byte*>(s.data()), s.size()}; }
inline std::string_view as_text(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

// A counted block of memory; header and payload are one allocation.
class Slab {
 public:
  static Slab* allocate(size_t size);
  void ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void unref();
  std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
  size_t size() const { return size_; }

 private:
  explicit Slab(size_t size) : size_(size) {}
  std::atomic<uint32_t> refs_{1};
  size_t size_;
};

// Bytes in memory, held by a reference to their slab. An empty slice holds none. null() distinguishes Kafka's null
// bytes from empty ones.
class Slice {
 public:
  Slice() = default;
  Slice(const Slice& o) : slab_(o.slab_), data_(o.data_), size_(o.size_) {
    if (slab_) slab_->ref();
  }
  Slice(Slice&& o) noexcept
      : slab_(std::exchange(o.slab_, nullptr)),
        data_(std::exchange(o.data_, nullptr)),
        size_(std::exchange(o.size_, 0)) {}
  Slice& operator=(Slice o) noexcept {
    swap(o);
    return *this;
  }
  ~Slice() {
    if (slab_) slab_->unref();
  }
  void swap(Slice& o) noexcept {
    std::swap(slab_, o.slab_);
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
  }

  static Slice allocate(size_t size);  // uninitialised; fill through mutable_bytes() before sharing
  static Slice copy_of(Bytes bytes);   // a fresh slab of exactly these bytes
  static Slice copy_of(std::string_view text) { return copy_of(as_bytes(text)); }

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_, size_}; }
  operator Bytes() const { return bytes(); }
  std::string_view text() const { return as_text(bytes()); }
  // Only before the slice is shared (the producer's in-place edits of base offset and leader epoch).
  MutableBytes mutable_bytes() { return {data_, size_}; }

  Slice sub(size_t from, size_t count) const {
    KZ_ASSERT(from <= size_ && count <= size_ - from);
    Slice s(*this);
    s.data_ = data_ ? data_ + from : nullptr;
    s.size_ = count;
    return s;
  }
  Slice sub(size_t from) const { return sub(from, size_ - from); }
  // A copy in a slab of its own, so that a few bytes do not pin a large frame.
  Slice detach() const { return copy_of(bytes()); }

 private:
  Slab* slab_ = nullptr;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A region of an open file on its way to a socket. keepalive holds whatever keeps fd open and the bytes unchanged.
struct FileSlice {
  int fd = -1;
  int64_t position = 0;
  int64_t size = 0;
  std::shared_ptr<const void> keepalive;
};

// A sequence of memory and file pieces, sent in order.
class Chain {
 public:
  using Piece = std::variant<Slice, FileSlice>;
  Chain() = default;
  explicit Chain(Slice s) { append(std::move(s)); }
  void append(Slice s) {
    if (s.empty()) return;
    size_ += s.size();
    pieces_.emplace_back(std::move(s));
  }
  void append(FileSlice f) {
    if (f.size <= 0) return;
    size_ += static_cast<size_t>(f.size);
    pieces_.emplace_back(std::move(f));
  }
  void append(Chain c) {
    for (auto& p : c.pieces_) std::visit([this](auto& x) { append(std::move(x)); }, p);
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::vector<Piece>& pieces() { return pieces_; }
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::vector<Piece> pieces_;
  size_t size_ = 0;
};

}  // namespace kz
