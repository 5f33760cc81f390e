#include "cmd/zk_snapshot_tree.h"

#include <algorithm>
#include <numeric>

#include "storage/fs.h"
#include "storage/zk/snapshot.h"

namespace kz::cmd {
namespace {

// UTF-16 units of well-formed UTF-8; other bytes count as themselves.
std::u16string utf16(std::string_view text) {
  std::u16string out;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 1 || i + length > text.size()) {
      out += static_cast<char16_t>(first);
      ++i;
      continue;
    }
    char32_t code = first & (0xff >> (length + 1));
    for (size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    if (code >= 0x10000) {
      out += static_cast<char16_t>(0xd7c0 + (code >> 10));
      out += static_cast<char16_t>(0xdc00 + (code & 0x3ff));
    } else {
      out += static_cast<char16_t>(code);
    }
    i += length;
  }
  return out;
}

std::string reason(const Error& error, const std::string& path) {
  switch (error.code) {
    case Errc::kTruncated:
      return "java.io.EOFException: " + path + " ends too early";
    case Errc::kNotFound:
      return "java.io.FileNotFoundException: " + path + " (No such file or directory)";
    default:
      return std::string("java.io.IOException: ") + path + ": " + error.what + " (" + errc_text(error.code) + ")";
  }
}

}  // namespace

int32_t java_string_hash(std::string_view utf8) {
  uint32_t hash = 0;
  for (const char16_t c : utf16(utf8)) hash = hash * 31 + c;
  return static_cast<int32_t>(hash);
}

std::vector<size_t> java_hash_order(const std::vector<int32_t>& hashes, size_t capacity) {
  while (hashes.size() > capacity / 4 * 3) capacity *= 2;
  std::vector<size_t> order(hashes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto bucket = [&](size_t i) {
    const auto h = static_cast<uint32_t>(hashes[i]);
    return (h ^ h >> 16) & (capacity - 1);
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return bucket(a) < bucket(b); });
  return order;
}

bool java_string_less(std::string_view a, std::string_view b) { return utf16(a) < utf16(b); }

std::expected<std::unique_ptr<SnapshotTree>, std::string> SnapshotTree::read(const std::string& path) {
  auto out = std::make_unique<SnapshotTree>();
  const Status read = storage::zk::read_snapshot(storage::posix_fs(), path, out->tree, out->sessions);
  if (!read) return std::unexpected(reason(read.error(), path));
  zk::DataTree::Cursor cursor(out->tree);
  while (const zk::Node* node = cursor.next()) {
    if (node->parent != nullptr) out->children_[node->parent].push_back(node);
  }
  return out;
}

std::vector<const zk::Node*> SnapshotTree::children(const zk::Node& node) const {
  const auto it = children_.find(&node);
  if (it == children_.end()) return {};
  std::vector<int32_t> hashes;
  for (const zk::Node* child : it->second) hashes.push_back(java_string_hash(child->name()));
  std::vector<const zk::Node*> out;
  for (const size_t i : java_hash_order(hashes, 8)) out.push_back(it->second[i]);
  return out;
}

std::vector<std::pair<SessionId, int32_t>> SnapshotTree::session_list() const {
  const std::vector<std::pair<SessionId, int32_t>> sorted(sessions.begin(), sessions.end());
  std::vector<int32_t> hashes;
  for (const auto& [id, timeout] : sorted) {
    const auto bits = static_cast<uint64_t>(id);
    hashes.push_back(static_cast<int32_t>(static_cast<uint32_t>(bits ^ bits >> 32)));
  }
  std::vector<std::pair<SessionId, int32_t>> out;
  for (const size_t i : java_hash_order(hashes, 16)) out.push_back(sorted[i]);
  return out;
}

}  // namespace kz::cmd
