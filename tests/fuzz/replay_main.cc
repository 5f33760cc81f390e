// Runs a fuzz entry without libFuzzer: over its corpus, then over seeded mutations of it. What a fuzzer once found
// stays found, under every compiler and sanitizer. usage: replay_X [FILE-OR-DIRECTORY]...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

Input mutate(kz::Rng& rng, const std::vector<Input>& inputs) {
  Input out = inputs[rng.below(inputs.size())];
  for (uint64_t n = rng.below(6) + 1; n > 0; --n) {
    const uint64_t at = out.empty() ? 0 : rng.below(out.size());
    switch (rng.below(5)) {
      case 0:
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(rng.below(256)));
        break;
      case 1:
        if (!out.empty()) out.erase(out.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 2:
        out.resize(at);
        break;
      case 3:
        for (uint64_t i = at; i < std::min<uint64_t>(at + 4, out.size()); ++i) out[i] = rng.chance(0.5) ? 0xff : 0x7f;
        break;
      default:
        if (!out.empty()) out[at] = static_cast<uint8_t>(rng.below(256));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<Input> inputs{{}, Input(64, 0)};
  auto add = [&](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  for (int i = 1; i < argc; ++i) {
    if (!fs::exists(argv[i])) continue;
    if (!fs::is_directory(argv[i])) {
      add(argv[i]);
      continue;
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(argv[i])) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) add(file);
  }
  for (const Input& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
  kz::Rng rng(1);
  constexpr int kMutations = 20000;
  for (int i = 0; i < kMutations; ++i) {
    const Input input = mutate(rng, inputs);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu inputs and %d mutations: no finding\n", inputs.size(), kMutations);
  return 0;
}
