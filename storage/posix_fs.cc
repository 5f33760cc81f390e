// FileSystem on the kernel's calls. Every errno becomes one of our codes, with the errno kept as the detail.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

#include "storage/fs.h"

namespace kz::storage {
namespace {

Errc code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Errc::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return Errc::kExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::kPermission;
    case ENOSPC:
    case EDQUOT:
      return Errc::kDiskFull;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
      return Errc::kInvalidArgument;
    case EFBIG:
      return Errc::kTooLarge;
    default:
      return Errc::kIo;
  }
}

[[nodiscard]] std::unexpected<Error> fail_errno(const char* what) {
  const int error = errno;
  return fail(code_of(error), what, error);
}

// Closes on destruction. -1 = none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> pread(MutableBytes into, int64_t position) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t n =
          ::pread(fd_.get(), into.data() + done, into.size() - done, position + static_cast<int64_t>(done));
      if (n < 0) {
        if (errno == EINTR) continue;
        return fail_errno("pread");
      }
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Status pwritev(std::span<const Bytes> pieces, int64_t position) override {
    std::array<iovec, 64> vectors;
    size_t piece = 0;
    size_t skip = 0;  // bytes of the current piece already written
    while (true) {
      size_t count = 0;
      for (size_t i = piece; i < pieces.size() && count < vectors.size(); ++i) {
        const size_t from = i == piece ? skip : 0;
        if (from == pieces[i].size()) {
          if (i == piece) ++piece, skip = 0;
          continue;
        }
        vectors[count++] = {const_cast<std::byte*>(pieces[i].data() + from), pieces[i].size() - from};
      }
      if (count == 0) return {};
      const ssize_t n = ::pwritev(fd_.get(), vectors.data(), static_cast<int>(count), position);
      if (n < 0) {
        if (errno == EINTR) continue;
        return fail_errno("pwritev");
      }
      position += n;
      for (auto left = static_cast<size_t>(n); left > 0;) {
        const size_t here = std::min(left, pieces[piece].size() - skip);
        skip += here;
        left -= here;
        if (skip == pieces[piece].size()) ++piece, skip = 0;
      }
    }
  }

  Status sync() override {
    while (::fdatasync(fd_.get()) != 0) {
      if (errno != EINTR) return fail_errno("fdatasync");
    }
    return {};
  }

  Status truncate(int64_t size) override {
    while (::ftruncate(fd_.get(), size) != 0) {
      if (errno != EINTR) return fail_errno("ftruncate");
    }
    return {};
  }

  Result<int64_t> size() override {
    struct stat st{};
    if (::fstat(fd_.get(), &st) != 0) return fail_errno("fstat");
    return st.st_size;
  }

  int fd() const override { return fd_.get(); }
  const std::string& path() const override { return path_; }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

class PosixFs final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    switch (mode) {
      case OpenMode::kRead:
        flags |= O_RDONLY;
        break;
      case OpenMode::kReadWrite:
        flags |= O_RDWR;
        break;
      case OpenMode::kCreate:
        flags |= O_RDWR | O_CREAT;
        break;
      case OpenMode::kCreateNew:
        flags |= O_RDWR | O_CREAT | O_EXCL;
        break;
      case OpenMode::kTruncate:
        flags |= O_RDWR | O_CREAT | O_TRUNC;
        break;
    }
    Descriptor fd(retry_open(path, flags));
    if (fd.get() < 0) return fail_errno("open");
    return std::make_unique<PosixFile>(std::move(fd), path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename");
    return {};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return fail_errno("remove");
    return {};
  }

  Status remove_tree(const std::string& path) override {
    struct stat st{};
    if (::lstat(path.c_str(), &st) != 0) return fail_errno("lstat");
    if (S_ISDIR(st.st_mode)) {
      KZ_TRY(const auto names, list(path));
      for (const auto& name : names) KZ_CHECK(remove_tree(path + "/" + name));
    }
    return remove(path);
  }

  Status create_directories(const std::string& path) override {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      KZ_CHECK(make_directory(path.substr(0, slash)));
    }
    return make_directory(path);
  }

  Status sync_directory(const std::string& path) override {
    const Descriptor fd(retry_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return fail_errno("open directory");
    while (::fsync(fd.get()) != 0) {
      if (errno != EINTR) return fail_errno("fsync directory");
    }
    return {};
  }

  Result<FileInfo> stat(const std::string& path) override {
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return fail_errno("stat");
    return FileInfo{st.st_size, st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1'000'000, S_ISDIR(st.st_mode)};
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), &::closedir);
    if (!dir) return fail_errno("opendir");
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail_errno("readdir");
    return names;
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor fd(retry_open(path, O_RDWR | O_CREAT | O_CLOEXEC));
    if (fd.get() < 0) return fail_errno("open lock file");
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return fail(Errc::kLocked, "lock file", EWOULDBLOCK);
      return fail_errno("flock");
    }
    return std::make_unique<PosixLock>(std::move(fd));
  }

  Result<std::pair<int64_t, int64_t>> space(const std::string& path) override {
    struct statvfs st{};
    if (::statvfs(path.c_str(), &st) != 0) return fail_errno("statvfs");
    const auto unit = static_cast<int64_t>(st.f_frsize);
    return std::pair{static_cast<int64_t>(st.f_blocks) * unit, static_cast<int64_t>(st.f_bavail) * unit};
  }

 private:
  static int retry_open(const std::string& path, int flags) {
    int fd;
    do fd = ::open(path.c_str(), flags, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
  }

  static Status make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) {
      struct stat st{};
      if (::stat(path.c_str(), &st) == 0 && !S_ISDIR(st.st_mode)) return fail(Errc::kExists, "mkdir", ENOTDIR);
      return {};
    }
    return fail_errno("mkdir");
  }
};

}  // namespace

FileSystem& posix_fs() {
  static PosixFs fs;
  return fs;
}

}  // namespace kz::storage
