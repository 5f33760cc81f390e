#include "core/bytes/slab.h"

#include <new>

namespace kz {

Slab* Slab::allocate(size_t size) {
  void* block = ::operator new(sizeof(Slab) + size);
  return new (block) Slab(size);
}

void Slab::unref() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    this->~Slab();
    ::operator delete(this);
  }
}

Slice Slice::allocate(size_t size) {
  Slice s;
  s.slab_ = Slab::allocate(size);
  s.data_ = s.slab_->data();
  s.size_ = size;
  return s;
}

Slice Slice::copy_of(Bytes bytes) {
  Slice s = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(s.data_, bytes.data(), bytes.size());
  return s;
}

}  // namespace kz
