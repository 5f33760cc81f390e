#include "cmd/server/session_file.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/properties.h"

namespace kz::server {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

template <class T>
bool from_hex(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<broker::ZkClientPort::SavedSession> read_session(storage::FileSystem& fs, const std::string& file) {
  const auto text = fs.read_file(file);
  if (!text) return std::nullopt;
  const auto properties = parse_properties(*text);
  if (!properties) return std::nullopt;
  auto values = to_map(*properties);
  uint64_t id = 0;
  broker::ZkClientPort::SavedSession session;
  if (!from_hex(values["id"], id) || id == 0) return std::nullopt;
  session.id = static_cast<SessionId>(id);
  const std::string& password = values["password"];
  for (size_t i = 0; i + 1 < password.size(); i += 2) {
    uint8_t byte = 0;
    if (!from_hex(std::string_view(password).substr(i, 2), byte)) return std::nullopt;
    session.password += static_cast<char>(byte);
  }
  return session;
}

Status write_session(storage::FileSystem& fs, const std::string& file,
                     const broker::ZkClientPort::SavedSession& session) {
  const std::string text =
      fmt::format("id={:x}\npassword={}\n", static_cast<uint64_t>(session.id), hex(session.password));
  return fs.write_atomically(file, text, false);
}

void remove_session(storage::FileSystem& fs, const std::string& file) {
  // A file that stays behind names a session that the server no longer knows: it is tried once and forgotten.
  [[maybe_unused]] const auto gone = fs.remove(file);
}

}  // namespace kz::server
