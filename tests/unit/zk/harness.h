// A standalone server in memory for pipeline tests: effects are taken apart, appends become durable when told.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/zk/pipeline.h"

namespace kz::zk::test {

inline std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}
inline std::string unhex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return out;
}

inline ZooConfig config_of(const std::string& extra = "") {
  auto config = parse_zoo_config({"zoo.cfg", "tickTime=2000\ndataDir=/tmp/x\nclientPort=2181\n" + extra, "", "", ""});
  if (!config) throw std::runtime_error(config.error().message);
  return *config;
}

// What one connection received, in order.
struct Inbox {
  std::deque<std::string> frames;  // without length
  bool closed = false;
  bool paused = false;
};

struct Reply {
  ReplyHeader header;
  std::string body;
};

class Server {
 public:
  explicit Server(const std::string& extra = "", std::unique_ptr<Database> database = nullptr)
      : config(config_of(extra)), now{{1'000'000'000'000}, 1'600'000'000'000} {
    if (!database) database = std::make_unique<Database>(tree_options());
    pipeline = std::make_unique<Pipeline>(config, 0, std::move(database), broadcast, now);
    run([&](Effects& out) { pipeline->start(now, out); });
  }
  TreeOptions tree_options() const {
    return {config.digest_enabled, config.extended_types_enabled, config.emulate_353_ttl_nodes};
  }

  // Runs a step and sorts its effects; with auto_durable everything appended is durable at once.
  template <class F>
  void run(F&& step) {
    Effects out;
    step(out);
    take(out);
    while (auto_durable && durable < appended) {
      durable = appended;
      Effects more;
      pipeline->on_durable(durable, now, more);
      take(more);
    }
  }
  void sync() {
    const bool before = auto_durable;
    auto_durable = true;
    run([](Effects&) {});
    auto_durable = before;
  }
  void take(Effects& out) {
    for (Effect& effect : out) {
      if (auto* send = std::get_if<Send>(&effect)) inbox[send->conn].frames.emplace_back(send->bytes.text());
      if (auto* close = std::get_if<Close>(&effect)) inbox[close->conn].closed = true;
      if (auto* pause = std::get_if<Pause>(&effect)) inbox[pause->conn].paused = true;
      if (auto* resume = std::get_if<Resume>(&effect)) inbox[resume->conn].paused = false;
      if (auto* append = std::get_if<Append>(&effect)) {
        log.push_back(append->payload);
        appended = append->zxid;
      }
    }
  }

  ConnId open(const std::string& ip = "127.0.0.1") {
    const ConnId conn = ++last_conn;
    run([&](Effects& out) { pipeline->on_open(conn, ip, static_cast<uint16_t>(40000 + conn), now, out); });
    return conn;
  }
  void frame(ConnId conn, std::string_view bytes) {
    run([&](Effects& out) { pipeline->on_frame(conn, Slice::copy_of(bytes), now, out); });
  }
  template <class... T>
  void request(ConnId conn, int32_t id, OpCode op, const T&... body) {
    const Slice bytes = jute::encode(RequestHeader{id, static_cast<int32_t>(op)}, body...);
    frame(conn, bytes.text());
  }
  // The next frame without its length; empty when there is none.
  std::string next(ConnId conn) {
    auto& frames = inbox[conn].frames;
    if (frames.empty()) return {};
    std::string one = frames.front().substr(4);
    frames.pop_front();
    return one;
  }
  std::optional<Reply> reply(ConnId conn) {
    const std::string bytes = next(conn);
    if (bytes.empty()) return std::nullopt;
    const Slice slice = Slice::copy_of(bytes);
    Reader r(slice);
    Reply out;
    jute::read(r, out.header);
    out.body = r.text(r.remaining());
    return out;
  }
  // Sends, expects exactly one frame back, returns it.
  template <class... T>
  Reply call(ConnId conn, OpCode op, const T&... body) {
    request(conn, ++xid, op, body...);
    auto out = reply(conn);
    if (!out) throw std::runtime_error("no reply");
    return *out;
  }
  template <class... T>
  KeeperCode code(ConnId conn, OpCode op, const T&... body) {
    return static_cast<KeeperCode>(call(conn, op, body...).header.err);
  }
  std::optional<WatcherEvent> event(ConnId conn) {
    auto one = reply(conn);
    if (!one || one->header.xid != kXidNotification) return std::nullopt;
    return decode<WatcherEvent>(*one);
  }
  template <class T>
  static T decode(const Reply& reply) {
    const auto value = jute::decode<T>(Slice::copy_of(reply.body));
    if (!value) throw std::runtime_error("reply body");
    return *value;
  }
  // An established session.
  ConnId client(int32_t timeout_ms = 10000, const std::string& ip = "127.0.0.1") {
    const ConnId conn = open(ip);
    ConnectRequest q;
    q.timeout_ms = timeout_ms;
    q.password = Slice::copy_of(std::string(16, '\0'));
    q.read_only = false;
    frame(conn, encode_connect_request(q).text().substr(4));
    const auto response = decode_connect_response(Slice::copy_of(next(conn)));
    if (!response) throw std::runtime_error("no connect response");
    session[conn] = response->session_id;
    negotiated[conn] = response->timeout_ms;
    return conn;
  }
  void advance(int64_t by_ms) {
    now.mono = now.mono + ms(by_ms);
    now.wall_ms += by_ms;
    run([&](Effects& out) { pipeline->on_tick(now, out); });
  }

  ZooConfig config;
  LogBroadcast broadcast;
  Now now;
  std::unique_ptr<Pipeline> pipeline;
  std::map<ConnId, Inbox> inbox;
  std::map<ConnId, SessionId> session;
  std::map<ConnId, int32_t> negotiated;
  std::vector<Slice> log;
  Zxid appended = 0;
  Zxid durable = 0;
  bool auto_durable = true;
  ConnId last_conn = 0;
  int32_t xid = 0;
};

inline KeeperCode err(const std::optional<Reply>& reply) {
  if (!reply) throw std::runtime_error("no reply");
  return static_cast<KeeperCode>(reply->header.err);
}
inline NullableBytes bytes(std::string_view text) { return Slice::copy_of(text); }
inline CreateRequest create(std::string path, std::string_view data = "", int32_t flags = 0, AclList acl = open_acl()) {
  return {std::move(path), bytes(data), std::move(acl), flags};
}

}  // namespace kz::zk::test
