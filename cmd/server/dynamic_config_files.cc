#include "cmd/server/dynamic_config_files.h"

#include <filesystem>

#include "core/zk/dynamic_config.h"

namespace kz::server {

Status DynamicConfigFiles::back_up() {
  if (file_.empty()) return {};
  KZ_TRY(const std::string text, fs_.read_file(file_));
  return fs_.write_atomically(file_ + ".bak", text);
}

Result<std::optional<zk::QuorumConfig>> DynamicConfigFiles::read_next() {
  if (file_.empty()) return std::nullopt;
  const auto text = fs_.read_file(zk::next_config_name(file_));
  if (!text && text.error().code == Errc::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  auto config = zk::parse_quorum_config(*text);
  if (!config) return fail(Errc::kMalformed, "dynamic configuration");
  return std::optional(std::move(*config));
}

Status DynamicConfigFiles::write_next(const zk::QuorumConfig& config) {
  if (file_.empty()) return {};
  return fs_.write_atomically(zk::next_config_name(file_), zk::dynamic_config_text(config, true));
}

Status DynamicConfigFiles::forget_next() {
  if (file_.empty()) return {};
  const Status removed = fs_.remove(zk::next_config_name(file_));
  if (!removed && removed.error().code != Errc::kNotFound) return removed;
  return {};
}

Status DynamicConfigFiles::write(const zk::QuorumConfig& config, bool erase_client_port) {
  if (file_.empty()) return {};
  const std::string name = zk::dynamic_config_name(file_, config.version);
  KZ_CHECK(fs_.write_atomically(name, zk::dynamic_config_text(config, false)));
  KZ_TRY(const std::string text, fs_.read_file(file_));
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(name, error);
  return fs_.write_atomically(file_,
                              zk::static_config_text(text, error ? name : canonical.string(), erase_client_port));
}

}  // namespace kz::server
