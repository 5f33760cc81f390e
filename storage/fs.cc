// What FileSystem offers on top of its primitive operations; the same for the real one and the simulated one.
#include "storage/fs.h"

namespace kz::storage {

Result<std::string> FileSystem::read_file(const std::string& path) {
  KZ_TRY(auto file, open(path, OpenMode::kRead));
  KZ_TRY(const int64_t size, file->size());
  std::string text(static_cast<size_t>(size), '\0');
  KZ_TRY(const size_t got, file->pread(std::as_writable_bytes(std::span(text)), 0));
  text.resize(got);
  return text;
}

Status FileSystem::write_atomically(const std::string& path, std::string_view contents, bool sync_dir) {
  const std::string tmp = path + ".tmp";
  {
    KZ_TRY(auto file, open(tmp, OpenMode::kTruncate));
    KZ_CHECK(file->pwrite(as_bytes(contents), 0));
    KZ_CHECK(file->sync());
  }
  KZ_CHECK(rename(tmp, path));
  return sync_dir ? sync_directory(parent_directory(path)) : Status{};
}

std::string parent_directory(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace kz::storage
