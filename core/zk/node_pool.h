// NodePool: the memory of a tree's nodes, side by side in blocks: no header of the allocator for each (8 of 128 bytes),
// and no holes among what transactions take and give back. What is freed is used again; blocks go with the pool.
// Owned by DataTree; not thread-safe.
#pragma once
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/zk/node.h"

namespace kz::zk {

class NodePool {
 public:
  NodePool() = default;
  NodePool(const NodePool&) = delete;
  NodePool& operator=(const NodePool&) = delete;

  template <class... A>
  Node* make(A&&... arguments) {
#ifdef __SANITIZE_ADDRESS__
    return new Node(std::forward<A>(arguments)...);  // so that a use after free is seen
#else
    if (!free_) grow();
    Slot* slot = std::exchange(free_, free_->next);
    return new (slot->bytes) Node(std::forward<A>(arguments)...);
#endif
  }
  void destroy(Node* node) {
#ifdef __SANITIZE_ADDRESS__
    delete node;
#else
    node->~Node();
    Slot* slot = reinterpret_cast<Slot*>(node);
    slot->next = std::exchange(free_, slot);
#endif
  }
  // All nodes have been destroyed.
  void release() {
    blocks_.clear();
    free_ = nullptr;
  }

 private:
  union Slot {
    Slot* next;
    alignas(Node) std::byte bytes[sizeof(Node)];
  };
  static constexpr size_t kSlots = 128;  // 15 KB

  void grow() {
    blocks_.push_back(std::make_unique_for_overwrite<Slot[]>(kSlots));
    Slot* slots = blocks_.back().get();
    for (size_t i = kSlots; i-- > 0;) slots[i].next = std::exchange(free_, &slots[i]);
  }

  std::vector<std::unique_ptr<Slot[]>> blocks_;
  Slot* free_ = nullptr;
};

}  // namespace kz::zk
