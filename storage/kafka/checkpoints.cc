#include "storage/kafka/checkpoints.h"

#include "core/base/log.h"

namespace kz::storage {

Result<log_state::OffsetCheckpoint> read_checkpoint(FileSystem& fs, const std::string& dir, const char* name) {
  auto text = fs.read_file(dir + "/" + name);
  if (!text) {
    if (text.error().code == Errc::kNotFound) return log_state::OffsetCheckpoint{};
    return std::unexpected(text.error());
  }
  auto parsed = log_state::parse_offset_checkpoint(*text);
  if (!parsed) {
    static const log::Logger logger("kafka.log.LogManager");
    logger.warn("Error occurred while reading {} of directory {}, resetting it to 0: {} in line {}", name, dir,
                parsed.error().what, parsed.error().detail);
    return log_state::OffsetCheckpoint{};
  }
  return parsed;
}

Status write_checkpoint(FileSystem& fs, const std::string& dir, const char* name,
                        const log_state::OffsetCheckpoint& entries) {
  return fs.write_atomically(dir + "/" + name, log_state::offset_checkpoint_text(entries), false);
}

}  // namespace kz::storage
