// Runs a fuzz entry without libFuzzer: over its corpus, then over seeded mutations of it. What a fuzzer once found
// stays found, under every compiler and sanitizer. usage: replay_X [FILE-OR-DIRECTORY]...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
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

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

Input from_hex(const std::string& text) {
  Input out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  return out;
}

// The frames of one golden file; header and body of a version come as separate lines.
std::vector<std::pair<int, Input>> golden_frames(const std::filesystem::path& file) {
  std::map<int, Input> headers;
  std::vector<std::pair<int, Input>> bodies;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    int version = 0;
    std::string kind;
    std::string hex;
    if (!(words >> version >> kind)) continue;
    words >> hex;
    if (kind == "header") headers[version] = from_hex(hex);
    if (kind == "body") bodies.emplace_back(version, from_hex(hex));
  }
  for (auto& [version, body] : bodies) body.insert(body.begin(), headers[version].begin(), headers[version].end());
  return bodies;
}

void add_golden(const std::string& directory, bool responses, std::vector<Input>& inputs) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    const size_t at = name.find("Request.txt");
    if (at == std::string::npos) continue;
    const auto requests = golden_frames(entry.path());
    if (!responses) {
      for (const auto& [version, frame] : requests) inputs.push_back(frame);
      continue;
    }
    if (requests.empty() || requests[0].second.size() < 2) continue;
    const uint8_t key = requests[0].second[1];
    for (const auto& [version, frame] :
         golden_frames(entry.path().parent_path() / (name.substr(0, at) + "Response.txt"))) {
      Input input{key, static_cast<uint8_t>(version)};
      input.insert(input.end(), frame.begin(), frame.end());
      inputs.push_back(std::move(input));
    }
  }
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
    const std::string arg = argv[i];
    if ((arg == "--golden-requests" || arg == "--golden-responses") && i + 1 < argc) {
      add_golden(argv[++i], arg == "--golden-responses", inputs);
      continue;
    }
    if (!fs::exists(arg)) continue;
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
