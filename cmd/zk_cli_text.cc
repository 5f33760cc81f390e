#include <algorithm>
#include <cstdio>
#include <ctime>

#include "cmd/zk_cli_text.h"

namespace kz::cmd {

std::vector<zk::Acl> parse_acl(std::string_view text, std::vector<std::string>& complaints) {
  std::vector<zk::Acl> out;
  if (text.empty()) complaints.emplace_back(" does not have the form scheme:id:perm");
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string part(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const size_t first = part.find(':');
    const size_t last = part.rfind(':');
    if (first == std::string::npos || first == last) {
      complaints.push_back(part + " does not have the form scheme:id:perm");
      continue;
    }
    zk::Acl acl;
    acl.id = {part.substr(0, first), part.substr(first + 1, last - first - 1)};
    for (char c : part.substr(last + 1)) {
      switch (c) {
        case 'r':
          acl.perms |= zk::kPermRead;
          break;
        case 'w':
          acl.perms |= zk::kPermWrite;
          break;
        case 'c':
          acl.perms |= zk::kPermCreate;
          break;
        case 'd':
          acl.perms |= zk::kPermDelete;
          break;
        case 'a':
          acl.perms |= zk::kPermAdmin;
          break;
        default:
          complaints.push_back("Unknown perm type: " + std::string(1, c));
      }
    }
    out.push_back(std::move(acl));
  }
  return out;
}

const char* keeper_message(zk::KeeperCode code) {
  switch (code) {
    case zk::KeeperCode::kOk:
      return "ok";
    case zk::KeeperCode::kNotEmpty:
      return "Directory not empty";
    case zk::KeeperCode::kSessionExpired:
      return "Session expired";
    case zk::KeeperCode::kInvalidCallback:
      return "Invalid callback";
    case zk::KeeperCode::kSessionMoved:
      return "Session moved";
    case zk::KeeperCode::kNotReadOnly:
      return "Not a read-only call";
    case zk::KeeperCode::kEphemeralOnLocalSession:
      return "Ephemeral node on local session";
    case zk::KeeperCode::kNoWatcher:
      return "No such watcher";
    case zk::KeeperCode::kReconfigDisabled:
      return "Reconfig is disabled";
    case zk::KeeperCode::kSessionClosedRequireSaslAuth:
      return "Session closed because client failed to authenticate";
    case zk::KeeperCode::kQuotaExceeded:
      return "Quota has exceeded";
    case zk::KeeperCode::kThrottledOp:
      return "Op throttled due to high load";
    default:
      return zk::keeper_code_name(code);
  }
}

std::string keeper_error_code(zk::KeeperCode code, const std::string& path) {
  return std::string("KeeperErrorCode = ") + keeper_message(code) + (path.empty() ? "" : " for " + path);
}

std::string zk_error_text(zk::KeeperCode code, const std::string& path) {
  switch (code) {
    case zk::KeeperCode::kNoNode:
      return "Node does not exist: " + path;
    case zk::KeeperCode::kNoChildrenForEphemerals:
      return "Ephemerals cannot have children: " + path;
    case zk::KeeperCode::kNodeExists:
      return "Node already exists: " + path;
    case zk::KeeperCode::kNotEmpty:
      return "Node not empty: " + path;
    case zk::KeeperCode::kNotReadOnly:
      return "Not a read-only call: " + path;
    case zk::KeeperCode::kInvalidAcl:
      return "Acl is not valid : " + path;
    case zk::KeeperCode::kNoAuth:
      return "Insufficient permission : " + path;
    case zk::KeeperCode::kBadArguments:
      return "Arguments are not valid : " + path;
    case zk::KeeperCode::kBadVersion:
      return "version No is not valid : " + path;
    case zk::KeeperCode::kQuotaExceeded:
      return "Quota has exceeded : " + path;
    case zk::KeeperCode::kReconfigInProgress:
      return "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)";
    case zk::KeeperCode::kNewConfigNoQuorum:
      return "No quorum of new config is connected and up-to-date with the leader of last commmitted config - try "
             "invoking reconfiguration after new servers are connected and synced";
    default:
      return keeper_error_code(code, path == "null" ? "" : path);
  }
}

std::string perm_letters(int32_t perms) {
  std::string out;
  if ((perms & zk::kPermCreate) != 0) out += 'c';
  if ((perms & zk::kPermDelete) != 0) out += 'd';
  if ((perms & zk::kPermRead) != 0) out += 'r';
  if ((perms & zk::kPermWrite) != 0) out += 'w';
  if ((perms & zk::kPermAdmin) != 0) out += 'a';
  return out;
}

std::string java_date(int64_t wall_ms) {
  const auto seconds = static_cast<time_t>(wall_ms / 1000 - (wall_ms % 1000 < 0 ? 1 : 0));
  std::tm local = {};
  localtime_r(&seconds, &local);
  char text[64];
  std::strftime(text, sizeof text, "%a %b %d %H:%M:%S %Z %Y", &local);
  return text;
}

std::string format_stat(const zk::Stat& s) {
  const auto hex = [](int64_t v) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
    return std::string(text);
  };
  return "cZxid = " + hex(s.czxid) + "\nctime = " + java_date(s.ctime) + "\nmZxid = " + hex(s.mzxid) +
         "\nmtime = " + java_date(s.mtime) + "\npZxid = " + hex(s.pzxid) +
         "\ncversion = " + std::to_string(s.cversion) + "\ndataVersion = " + std::to_string(s.version) +
         "\naclVersion = " + std::to_string(s.aversion) + "\nephemeralOwner = " + hex(s.ephemeral_owner) +
         "\ndataLength = " + std::to_string(s.data_length) + "\nnumChildren = " + std::to_string(s.num_children) + "\n";
}

std::string path_problem(std::string_view path) {
  if (path.empty()) return "Path length must be > 0";
  if (path.front() != '/') return "Path must start with / character";
  if (path.size() == 1) return {};
  if (path.back() == '/') return "Path must not end with / character";
  const std::string text(path);
  for (size_t i = 1; i < path.size(); ++i) {
    const auto at = " @" + std::to_string(i);
    const char c = path[i];
    const bool ends = i + 1 == path.size() || path[i + 1] == '/';
    if (c == '\0') return "Invalid path string \"" + text + "\" caused by null character not allowed" + at;
    if (c == '/' && path[i - 1] == '/') {
      return "Invalid path string \"" + text + "\" caused by empty node name specified" + at;
    }
    if (c == '.' && ends && (path[i - 1] == '/' || (path[i - 1] == '.' && path[i - 2] == '/'))) {
      return "Invalid path string \"" + text + "\" caused by relative paths not allowed" + at;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return "Invalid path string \"" + text + "\" caused by invalid character" + at;
    }
  }
  return {};
}

}  // namespace kz::cmd
