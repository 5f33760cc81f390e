#include "cmd/zk_txn_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <type_traits>

namespace kz::cmd {
namespace {

// jute's CSV string: a quote in front, and the characters that CSV needs as %XX.
std::string csv(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    switch (c) {
      case '\0':
      case '\n':
      case '\r':
      case ',':
      case '}':
      case '%':
        out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string acl_fields(const zk::Acl& acl) {
  return fmt::format("{},s{{{},{}}}", acl.perms, csv(acl.id.scheme), csv(acl.id.id));
}

// java.util.List of ACLs: each record ends in a newline.
std::string acl_list(const zk::AclList& list) {
  std::string out = "[";
  for (size_t i = 0; i < list.size(); ++i) out += (i == 0 ? "" : ", ") + acl_fields(list[i]) + "\n";
  return out + "]";
}

// Bytes as Java decodes them from UTF-8 and prints them again: what is no character becomes U+FFFD, one for each
// longest beginning of a sequence.
std::string text_of(const zk::NullableBytes& data) {
  std::string out;
  const std::string_view in = data ? data->text() : std::string_view();
  for (size_t at = 0; at < in.size();) {
    const auto first = static_cast<unsigned char>(in[at]);
    const size_t want = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
    size_t have = want == 0 ? 0 : 1;
    while (have > 0 && have < want && at + have < in.size()) {
      const auto next = static_cast<unsigned char>(in[at + have]);
      const unsigned char low = have > 1 ? 0x80 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
      const unsigned char high = have > 1 ? 0xbf : first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
      if (next < low || next > high) break;
      ++have;
    }
    if (want != 0 && have == want) {
      out += in.substr(at, want);
    } else {
      out += "\xef\xbf\xbd";
    }
    at += std::max<size_t>(have, 1);
  }
  return out;
}

const char* op_name(int32_t type) {
  switch (static_cast<zk::OpCode>(type)) {
    case zk::OpCode::kCreate:
      return "create";
    case zk::OpCode::kCreate2:
      return "create2";
    case zk::OpCode::kDelete:
      return "delete";
    case zk::OpCode::kSetData:
      return "setData";
    case zk::OpCode::kSetAcl:
      return "setACL";
    case zk::OpCode::kCheck:
      return "check";
    case zk::OpCode::kMulti:
      return "multi";
    case zk::OpCode::kReconfig:
      return "reconfig";
    case zk::OpCode::kCreateContainer:
      return "createContainer";
    case zk::OpCode::kDeleteContainer:
      return "deleteContainer";
    case zk::OpCode::kCreateTtl:
      return "createTtl";
    case zk::OpCode::kCreateSession:
      return "createSession";
    case zk::OpCode::kCloseSession:
      return "closeSession";
    case zk::OpCode::kError:
      return "error";
    default:
      return "unknown";
  }
}

struct BodyText {
  std::string operator()(const std::monostate&) const { return ""; }
  std::string operator()(const zk::CreateTxn& t) const {
    return fmt::format("{},{},{},{},{}", t.path, text_of(t.data), acl_list(t.acl), t.ephemeral, t.parent_cversion);
  }
  std::string operator()(const zk::CreateContainerTxn& t) const {
    return fmt::format("{},{},{},{}", t.path, text_of(t.data), acl_list(t.acl), t.parent_cversion);
  }
  std::string operator()(const zk::CreateTtlTxn& t) const {
    return fmt::format("{},{},{},{},{}", t.path, text_of(t.data), acl_list(t.acl), t.parent_cversion, t.ttl_ms);
  }
  std::string operator()(const zk::DeleteTxn& t) const { return csv(t.path) + "\n"; }
  std::string operator()(const zk::SetDataTxn& t) const {
    return fmt::format("{},{},{}", t.path, text_of(t.data), t.version);
  }
  std::string operator()(const zk::SetAclTxn& t) const {
    std::string list;
    for (size_t i = 0; i < t.acl.size(); ++i) list += fmt::format("{}s{{{}}}", i == 0 ? "" : ",", acl_fields(t.acl[i]));
    return fmt::format("{},v{{{}}},{}\n", csv(t.path), list, t.version);
  }
  std::string operator()(const zk::CheckVersionTxn& t) const { return fmt::format("{},{}\n", csv(t.path), t.version); }
  std::string operator()(const zk::CreateSessionTxn& t) const { return fmt::format("{}\n", t.timeout_ms); }
  std::string operator()(const zk::CloseSessionTxn& t) const {
    std::string list;
    for (size_t i = 0; i < t.paths.size(); ++i) list += (i == 0 ? "" : ",") + csv(t.paths[i]);
    return fmt::format("v{{{}}}\n", list);
  }
  std::string operator()(const zk::ErrorTxn& t) const { return fmt::format("{}\n", t.err); }
  std::string operator()(const zk::MultiTxn& t) const {
    std::string out;
    for (const auto& sub : t.txns)
      out += fmt::format("{}{}:{}", out.empty() ? "" : ";", op_name(sub.type), text_of(sub.data));
    return out;
  }
};

// DateFormat SHORT, LONG in the English locale: "11/22/26, 2:49:21 AM UTC".
std::string java_short_date(int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  const int hour = local.tm_hour % 12 == 0 ? 12 : local.tm_hour % 12;
  return fmt::format("{}/{}/{:02}, {}:{:02}:{:02} {} {}", local.tm_mon + 1, local.tm_mday, local.tm_year % 100, hour,
                     local.tm_min, local.tm_sec, local.tm_hour < 12 ? "AM" : "PM", local.tm_zone);
}

}  // namespace

std::string txn_line(const zk::Txn& txn) {
  const auto& h = txn.header;
  std::string line = fmt::format("{} session 0x{:x} cxid 0x{:x} zxid 0x{:x} {} {}", java_short_date(h.time_ms),
                                 static_cast<uint64_t>(h.client_id), static_cast<uint32_t>(h.cxid),
                                 static_cast<uint64_t>(h.zxid), op_name(h.type), std::visit(BodyText{}, txn.body));
  if (!line.ends_with('\n')) line += '\n';
  return line;
}

}  // namespace kz::cmd
