// What zk-cli reads and prints, without a connection. Source: CliParser use in cli/*.java, AclParser.java,
// StatPrinter.java, PathUtils.java @ release-3.8.0.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "cmd/zk_cli.h"

namespace kz::cmd {

const std::string* ZkArgs::value(char option) const {
  for (const auto& [name, text] : values) {
    if (name == option) return &text;
  }
  return nullptr;
}

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (line.empty()) return words;
    const char quote = line.front();
    const size_t close = quote == '"' || quote == '\'' ? line.find(quote, 1) : std::string_view::npos;
    if (close != std::string_view::npos) {
      words.emplace_back(line.substr(1, close - 1));
      line.remove_prefix(close + 1);
    } else {
      const size_t end = std::min(line.find_first_of(" \t"), line.size());
      words.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
}

std::expected<ZkArgs, std::string> parse_zk_args(const std::vector<std::string>& args, std::string_view flags,
                                                 std::string_view valued) {
  ZkArgs out;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (i == 0 || arg.size() < 2 || arg[0] != '-') {
      out.words.push_back(arg);
      continue;
    }
    // Letters may share a dash; the last of them may take the next word.
    for (size_t k = 1; k < arg.size(); ++k) {
      const char letter = arg[k];
      if (flags.find(letter) != std::string_view::npos) {
        out.flags += letter;
      } else if (valued.find(letter) != std::string_view::npos) {
        if (k + 1 < arg.size()) {
          out.values.emplace_back(letter, arg.substr(k + 1));
        } else if (i + 1 < args.size()) {
          out.values.emplace_back(letter, args[++i]);
        } else {
          return std::unexpected("Missing argument for option: " + std::string(1, letter));
        }
        break;
      } else {
        return std::unexpected("Unrecognized option: " + arg);
      }
    }
  }
  return out;
}

std::vector<zk::Acl> parse_acl(std::string_view text, std::vector<std::string>& complaints) {
  std::vector<zk::Acl> out;
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
    default:
      return std::string("KeeperErrorCode = ") + zk::keeper_code_name(code) + (path.empty() ? "" : " for " + path);
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

std::string format_stat(const zk::Stat& s) {
  const auto hex = [](int64_t v) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
    return std::string(text);
  };
  const auto date = [](int64_t ms) {
    const auto seconds = static_cast<time_t>(ms / 1000);
    std::tm local = {};
    localtime_r(&seconds, &local);
    char text[64];
    std::strftime(text, sizeof text, "%a %b %d %H:%M:%S %Z %Y", &local);
    return std::string(text);
  };
  return "cZxid = " + hex(s.czxid) + "\nctime = " + date(s.ctime) + "\nmZxid = " + hex(s.mzxid) +
         "\nmtime = " + date(s.mtime) + "\npZxid = " + hex(s.pzxid) + "\ncversion = " + std::to_string(s.cversion) +
         "\ndataVersion = " + std::to_string(s.version) + "\naclVersion = " + std::to_string(s.aversion) +
         "\nephemeralOwner = " + hex(s.ephemeral_owner) + "\ndataLength = " + std::to_string(s.data_length) +
         "\nnumChildren = " + std::to_string(s.num_children) + "\n";
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
