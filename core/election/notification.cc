#include "core/election/notification.h"

#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

namespace kz::election {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (true) {
    const size_t at = text.find(separator);
    out.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

Slice encode(const Notification& n) {
  Buffer b;
  b.i32(static_cast<int32_t>(n.state));
  b.i64(n.vote.leader);
  b.i64(n.vote.zxid);
  b.i64(n.vote.election_epoch);
  b.i64(n.vote.peer_epoch);
  b.i32(n.format_version);
  b.i32(static_cast<int32_t>(n.config.size()));
  b.raw(n.config);
  return b.to_slice();
}

Result<Notification> decode_notification(Bytes bytes) {
  if (bytes.size() < 28) return fail(Errc::kTruncated, "election notification", static_cast<int64_t>(bytes.size()));
  Reader r(bytes);
  Notification n;
  const int32_t state = r.i32();
  if (state < 0 || state > 3) return fail(Errc::kMalformed, "election notification: server state", state);
  n.state = static_cast<ServerState>(state);
  n.vote.leader = r.i64();
  n.vote.zxid = r.i64();
  n.vote.election_epoch = r.i64();
  n.format_version = 0;
  if (bytes.size() == 28) {
    n.vote.peer_epoch = n.vote.zxid >> 32;
    return n;
  }
  n.vote.peer_epoch = r.i64();
  // 40 bytes have a version field that Java does not read.
  if (bytes.size() != 40) n.format_version = r.i32();
  if (n.format_version > 1) {
    const int32_t length = r.i32();
    if (length < 0) return fail(Errc::kMalformed, "election notification: config length", length);
    n.config = r.text(static_cast<size_t>(length));
  }
  KZ_CHECK(r.status("election notification"));
  return n;
}

Slice encode(const Greeting& g, bool multi_address) {
  Buffer b;
  b.i64(multi_address ? kGreetingV2 : kGreetingV1);
  b.i64(g.sid);
  std::string text;
  for (const std::string& address : g.addresses) {
    if (!text.empty()) {
      if (!multi_address) break;
      text += '|';
    }
    text += address;
  }
  b.i32(static_cast<int32_t>(text.size()));
  b.raw(text);
  return b.to_slice();
}

Result<ParsedGreeting> parse_greeting(Bytes head) {
  ParsedGreeting out;
  Reader r(head);
  if (head.size() < 8) return out;
  const int64_t version = r.i64();
  if (version >= 0) {
    out.greeting.sid = version;
    out.consumed = 8;
    return out;
  }
  if (version != kGreetingV1 && version != kGreetingV2) {
    return fail(Errc::kMalformed, "election connection: protocol version", version);
  }
  if (head.size() < 20) return out;
  out.greeting.sid = r.i64();
  const int32_t length = r.i32();
  if (length <= 0 || static_cast<size_t>(length) > kGreetingAddressBytesMax) {
    return fail(Errc::kMalformed, "election connection: address length", length);
  }
  if (r.remaining() < static_cast<size_t>(length)) return out;
  out.greeting.addresses = split(r.text(static_cast<size_t>(length)), '|');
  out.consumed = r.position();
  return out;
}

}  // namespace kz::election
