// Reads tests/golden/records: "<name> <hex>" lines made by real peers (tests/tools/renew_record_golden.sh).
#pragma once
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes/slab.h"

namespace kz::test {

using GoldenLines = std::vector<std::pair<std::string, std::string>>;

inline GoldenLines golden_records(const std::string& file) {
  std::ifstream in(std::string(KZ_SOURCE_DIR) + "/tests/golden/records/" + file);
  REQUIRE(in.good());
  GoldenLines out;
  std::string name;
  std::string hex;
  while (in >> name >> hex) {
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
      bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    out.emplace_back(name, bytes);
  }
  REQUIRE(!out.empty());
  return out;
}

inline Slice golden_record(const std::string& file, const std::string& name) {
  for (const auto& [n, bytes] : golden_records(file))
    if (n == name) return Slice::copy_of(bytes);
  FAIL("no golden record " << name);
  return {};
}

}  // namespace kz::test
