// What SimDisk's directories and files are made of; private to sim_disk.cc and sim_file.cc.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/lib/sim_disk.h"

namespace kz::sim {

// A file or a directory, each with what the program sees and what a power loss leaves.
struct SimInode {
  using Entries = std::map<std::string, std::shared_ptr<SimInode>>;
  struct Change {  // of a directory; a null target is a removal
    std::string name;
    std::shared_ptr<SimInode> target;
    bool with_next = false;  // a rename's two halves go together
  };
  struct Edit {  // of a file: a write, or a truncation when `size` is set
    int64_t position = 0;
    std::string bytes;
    std::optional<int64_t> size;
  };

  bool directory = false;
  Entries entries, durable_entries;
  std::vector<Change> changes;
  std::string data, durable_data;
  std::vector<Edit> edits;
  std::vector<bool> blocks;  // allocated, so that holes cost nothing
  int64_t mtime_ms = 0;
};

// Writes into a byte string, with zeros in the gap that a write beyond the end leaves.
inline void overlay(std::string& data, int64_t position, std::string_view bytes) {
  if (bytes.empty()) return;
  const size_t end = static_cast<size_t>(position) + bytes.size();
  if (data.size() < end) data.resize(end, '\0');
  data.replace(static_cast<size_t>(position), bytes.size(), bytes);
}

// An open file; `writable` as it was opened.
std::unique_ptr<storage::File> make_sim_file(SimDisk& disk, std::shared_ptr<SimInode> inode, std::string path,
                                             bool writable);

}  // namespace kz::sim
