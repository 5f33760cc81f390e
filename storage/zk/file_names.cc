#include "storage/zk/file_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kz::storage::zk {

std::optional<Zxid> zxid_of_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() <= prefix.size() || name[prefix.size()] != '.') return std::nullopt;
  std::string_view digits = name.substr(prefix.size() + 1);
  digits = digits.substr(0, digits.find('.'));
  Zxid zxid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), zxid, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || zxid < 0) return std::nullopt;
  return zxid;
}

std::string hex(Zxid zxid) { return fmt::format("{:x}", static_cast<uint64_t>(zxid)); }

std::string log_name(Zxid first) { return "log." + hex(first); }

Result<std::vector<NamedFile>> list_by_zxid(FileSystem& fs, const std::string& dir, std::string_view prefix) {
  KZ_TRY(auto names, fs.list(dir));
  std::vector<NamedFile> files;
  for (auto& name : names) {
    if (name.ends_with(".tmp")) continue;
    if (const auto zxid = zxid_of_name(name, prefix)) files.push_back({*zxid, std::move(name)});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.zxid != b.zxid ? a.zxid < b.zxid : a.name < b.name; });
  return files;
}

std::vector<NamedFile> logs_from(std::vector<NamedFile> logs, Zxid zxid) {
  const auto after = std::find_if(logs.begin(), logs.end(), [&](const auto& f) { return f.zxid > zxid; });
  if (after != logs.begin()) logs.erase(logs.begin(), after - 1);
  return logs;
}

}  // namespace kz::storage::zk
