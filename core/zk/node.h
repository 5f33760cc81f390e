// Node: one znode, kept small (a million of them matter): about 130 bytes, one block for name and data, no path.
// ChildSet: a node's children; nothing for a leaf, a short array for few, an open-addressing set by name for many.
// Owned by DataTree; not thread-safe.
#pragma once
#include <cstdint>
#include <string_view>

#include "core/bytes/slab.h"
#include "core/zk/proto.h"

namespace kz::zk {

struct Node;

class ChildSet {
 public:
  ChildSet() = default;
  ChildSet(const ChildSet&) = delete;
  ChildSet& operator=(const ChildSet&) = delete;
  ~ChildSet();
  size_t size() const;
  bool empty() const { return bits_ == 0 || size() == 0; }
  Node* find(std::string_view name) const;
  void insert(Node* child);  // its name must not be there
  void erase(Node* child);
  // fn(Node*) for each child, in no order. The set must not change meanwhile.
  template <class F>
  void for_each(F&& fn) const;

 private:
  struct Few;
  struct Many;
  Few* few() const { return reinterpret_cast<Few*>(bits_); }
  Many* many() const { return reinterpret_cast<Many*>(bits_ & ~uintptr_t{1}); }
  bool is_many() const { return (bits_ & 1) != 0; }
  void visit(void (*fn)(void*, Node*), void* context) const;
  uintptr_t bits_ = 0;  // 0: none; low bit: Many; else Few
};

struct Node {
  Node* parent = nullptr;  // null for the root
  Node* prev = nullptr;    // the tree's list in order of creation: parents before children (snapshots walk it)
  Node* next = nullptr;
  int64_t czxid = 0, mzxid = 0, pzxid = 0, ctime = 0, mtime = 0, ephemeral_owner = 0;
  int32_t version = 0, cversion = 0, aversion = 0;  // cversion counts creates only
  int32_t acl = -1;                                 // index in the ACL cache; -1 = world:anyone:cdrwa
  uint32_t digest = 0;                              // CRC-32 part of the tree's sum
  uint32_t name_size = 0;
  int32_t data_size = -1;  // -1 = null data
  ChildSet children;

  std::string_view name() const { return {block_, name_size}; }
  bool has_data() const { return data_size >= 0; }
  Bytes data() const {
    return has_data() ? Bytes{reinterpret_cast<const std::byte*>(block_) + name_size, static_cast<size_t>(data_size)}
                      : Bytes{};
  }
  Node(std::string_view name, const Bytes* data);  // data null: null data
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  void set_data(const Bytes* data);
  StatPersisted stat_persisted() const {
    return {czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeral_owner, pzxid};
  }

 private:
  char* block_ = nullptr;  // name, then data
};

template <class F>
void ChildSet::for_each(F&& fn) const {
  visit([](void* f, Node* n) { (*static_cast<std::remove_reference_t<F>*>(f))(n); }, &fn);
}

}  // namespace kz::zk
