#include "core/zk/node.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstring>
#include <functional>
#include <vector>

#include "core/base/check.h"

namespace kz::zk {
namespace {

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  size_t operator()(const Node* n) const { return (*this)(n->name()); }
};
struct NameEqual {
  using is_transparent = void;
  bool operator()(const Node* a, const Node* b) const { return a == b || a->name() == b->name(); }
  bool operator()(std::string_view a, const Node* b) const { return a == b->name(); }
  bool operator()(const Node* a, std::string_view b) const { return a->name() == b; }
};

constexpr uint32_t kFewMax = 8;

}  // namespace

struct ChildSet::Few {
  uint32_t count = 0;
  uint32_t capacity = 0;
  Node* at[1];  // capacity of them
};
struct ChildSet::Many {
  boost::unordered_flat_set<Node*, NameHash, NameEqual> set;
};

namespace {

size_t few_bytes(uint32_t capacity) { return 8 + capacity * sizeof(Node*); }

}  // namespace

ChildSet::~ChildSet() {
  if (is_many()) {
    delete many();
  } else {
    ::operator delete(reinterpret_cast<void*>(bits_));
  }
}

size_t ChildSet::size() const {
  if (bits_ == 0) return 0;
  return is_many() ? many()->set.size() : few()->count;
}

Node* ChildSet::find(std::string_view name) const {
  if (bits_ == 0) return nullptr;
  if (is_many()) {
    const auto it = many()->set.find(name);
    return it == many()->set.end() ? nullptr : *it;
  }
  const Few* f = few();
  for (uint32_t i = 0; i < f->count; ++i) {
    if (f->at[i]->name() == name) return f->at[i];
  }
  return nullptr;
}

void ChildSet::insert(Node* child) {
  if (is_many()) {
    const bool added = many()->set.insert(child).second;
    KZ_ASSERT(added);
    return;
  }
  Few* f = few();
  const uint32_t count = f ? f->count : 0;
  if (count == kFewMax) {
    Many* m = new Many;
    m->set.reserve(2 * kFewMax);
    for (uint32_t i = 0; i < count; ++i) m->set.insert(f->at[i]);
    m->set.insert(child);
    ::operator delete(f);
    bits_ = reinterpret_cast<uintptr_t>(m) | 1;
    return;
  }
  if (!f || count == f->capacity) {
    const uint32_t capacity = f ? std::min(f->capacity * 2, kFewMax) : 1;
    Few* grown = static_cast<Few*>(::operator new(few_bytes(capacity)));
    if (f) std::memcpy(static_cast<void*>(grown), f, few_bytes(count));
    grown->count = count;
    grown->capacity = capacity;
    ::operator delete(f);
    f = grown;
    bits_ = reinterpret_cast<uintptr_t>(f);
  }
  f->at[f->count++] = child;
}

void ChildSet::erase(Node* child) {
  KZ_ASSERT(bits_ != 0);
  if (is_many()) {
    many()->set.erase(child);
    if (many()->set.empty()) {
      delete many();
      bits_ = 0;
    }
    return;
  }
  Few* f = few();
  for (uint32_t i = 0; i < f->count; ++i) {
    if (f->at[i] != child) continue;
    f->at[i] = f->at[--f->count];
    if (f->count == 0) {
      ::operator delete(f);
      bits_ = 0;
    }
    return;
  }
}

void ChildSet::visit(void (*fn)(void*, Node*), void* context) const {
  if (bits_ == 0) return;
  if (is_many()) {
    for (Node* n : many()->set) fn(context, n);
    return;
  }
  for (uint32_t i = 0; i < few()->count; ++i) fn(context, few()->at[i]);
}

Node::Node(std::string_view node_name, const Bytes* node_data) : name_size(static_cast<uint32_t>(node_name.size())) {
  data_size = node_data ? static_cast<int32_t>(node_data->size()) : -1;
  const size_t bytes = node_name.size() + (node_data ? node_data->size() : 0);
  if (bytes == 0) return;
  block_ = static_cast<char*>(::operator new(bytes));
  std::memcpy(block_, node_name.data(), node_name.size());
  if (node_data && !node_data->empty()) std::memcpy(block_ + name_size, node_data->data(), node_data->size());
}

Node::~Node() { ::operator delete(block_); }

void Node::set_data(const Bytes* new_data) {
  const size_t size = new_data ? new_data->size() : 0;
  if (size != (has_data() ? static_cast<size_t>(data_size) : 0)) {
    char* block = name_size + size ? static_cast<char*>(::operator new(name_size + size)) : nullptr;
    if (name_size) std::memcpy(block, block_, name_size);
    // The new data may lie in the old block (a quota's own text): copy before the block goes.
    if (size) std::memcpy(block + name_size, new_data->data(), size);
    ::operator delete(block_);
    block_ = block;
  } else if (size) {
    std::memmove(block_ + name_size, new_data->data(), size);
  }
  data_size = new_data ? static_cast<int32_t>(size) : -1;
}

}  // namespace kz::zk
