#include "tests/sim/lib/ensemble_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes/reader.h"

namespace kz::sim {
namespace {

constexpr int32_t kTimeoutMs = 2000;
constexpr size_t kPipelined = 6;
constexpr int kShared = 4;  // nodes that all clients write

zk::NullableBytes bytes_of(std::string_view text) { return Slice::copy_of(text); }

}  // namespace

SimClient::SimClient(World& world, Order& order, SimServers& servers, const EnsembleScenario& scenario, Party party)
    : world_(world), order_(order), servers_(servers), scenario_(scenario), party_(party), rng_(world.rng()) {}

void SimClient::fail(const std::string& what) {
  order_.fail(fmt::format("client {} (session 0x{:x}): {}", party_, session_, what));
}

void SimClient::start() { connect(); }

void SimClient::stop() {
  stopping_ = true;
  if (link_ != 0) world_.close(link_, party_);
  link_ = 0;
  open_ = false;
}

void SimClient::connect() {
  if (stopping_) return;
  const uint64_t attempt = ++attempt_;
  world_.after(std::chrono::microseconds{rng_.between(1000, 60000)}, [this, attempt] {
    if (attempt != attempt_ || stopping_) return;
    auto at = servers_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(rng_.below(servers_.size())));
    SimServer& server = *at->second;
    const auto link = std::make_shared<uint64_t>(0);
    if (!world_.reachable(party_, server.id()) || !world_.reachable(server.id(), party_) ||
        !server.accept(
            party_, [this, link](const Frame& f) { on_frame(*link, f); }, [this, link] { disconnected(*link); },
            *link)) {
      return connect();
    }
    link_ = *link;
    open_ = false;
    heard_ = asked_ = world_.now;
    zk::ConnectRequest q;
    q.last_zxid_seen = last_zxid_;
    q.timeout_ms = kTimeoutMs;
    q.session_id = session_;
    q.password = session_ == 0 ? bytes_of(std::string(16, '\0')) : zk::NullableBytes(password_);
    q.read_only = false;
    world_.send(link_, party_, {Frame::Kind::kPacket, encode_connect_request(q).sub(4), {}, 0});
    beat(link_);
  });
}

// Pings while nothing else goes, and gives a server up that says nothing.
void SimClient::beat(uint64_t link) {
  world_.after(ms(kTimeoutMs / 6), [this, link] {
    if (link != link_) return;
    if (world_.now - heard_ > ms(kTimeoutMs * 2 / 3)) {
      world_.close(link, party_);
      return disconnected(link);
    }
    if (open_ && world_.now - asked_ > ms(kTimeoutMs / 3)) {
      asked_ = world_.now;
      world_.send(link_, party_,
                  {Frame::Kind::kPacket,
                   zk::jute::encode(zk::RequestHeader{zk::kXidPing, static_cast<int32_t>(zk::OpCode::kPing)}),
                   {},
                   0});
    }
    beat(link);
  });
}

void SimClient::disconnected(uint64_t link) {
  if (link != link_) return;
  link_ = 0;
  open_ = false;
  waiting_.clear();  // what became of them nobody knows
  connect();
}

void SimClient::on_frame(uint64_t link, const Frame& frame) {
  if (link != link_ || order_.broken()) return;
  heard_ = world_.now;
  if (!open_) return on_connected(frame);
  Reader r(frame.bytes);
  zk::ReplyHeader header;
  if (!zk::jute::read(r, header)) return fail("an answer without its header");
  if (header.xid == zk::kXidPing) return;
  if (header.xid == zk::kXidNotification) {
    zk::WatcherEvent event;
    if (!zk::jute::read(r, event)) return fail("an event that cannot be read");
    return on_event(event.path);
  }
  on_reply(r, header);
}

void SimClient::on_connected(const Frame& frame) {
  const auto response = zk::decode_connect_response(frame.bytes);
  if (!response) return fail("a connect response that cannot be read");
  const bool fresh = response->session_id != session_;
  if (response->timeout_ms <= 0) {
    // Expired: whatever it had is gone.
    world_.note(party_, fmt::format("EXPIRED 0x{:x}", session_));
    session_ = 0;
    own_ = false;
    watched_.clear();
    world_.close(link_, party_);
    return disconnected(link_);
  }
  open_ = true;
  if (fresh) {
    session_ = response->session_id;
    password_ = response->password ? *response->password : Slice();
    own_ = false;
    watched_.clear();
    ++sessions_;
    world_.note(party_, fmt::format("SESSION 0x{:x}", session_));
  } else if (!watched_.empty()) {
    zk::SetWatches again;
    again.relative_zxid = last_zxid_;
    for (const auto& [path, zxid] : watched_) again.data.push_back(path);
    waiting_.push_back({zk::kXidSetWatches, Kind::kSetWatches, "", false});
    world_.send(
        link_, party_,
        {Frame::Kind::kPacket,
         zk::jute::encode(zk::RequestHeader{zk::kXidSetWatches, static_cast<int32_t>(zk::OpCode::kSetWatches)}, again),
         {},
         0});
  }
  request();
}

void SimClient::on_event(const std::string& path) {
  ++events_;
  // One event a watch: nothing is watched there until a read asks for it again.
  if (watched_.erase(path) == 0) fail("an event without a watch for " + path);
}

void SimClient::ask(Kind kind, std::string path, zk::OpCode op, auto... body) {
  const int32_t xid = ++xid_;
  asked_ = world_.now;
  waiting_.push_back({xid, kind, std::move(path), false});
  world_.send(
      link_, party_,
      {Frame::Kind::kPacket, zk::jute::encode(zk::RequestHeader{xid, static_cast<int32_t>(op)}, body...), {}, 0});
}

void SimClient::request() {
  const uint64_t link = link_;
  const auto pause = std::chrono::duration_cast<std::chrono::microseconds>(scenario_.think).count();
  world_.after(std::chrono::microseconds{rng_.between(1, 2 * pause)}, [this, link] {
    if (link != link_ || !open_ || stopping_) return;
    if (waiting_.size() < kPipelined) {
      const std::string shared = fmt::format("/k{}", rng_.below(kShared));
      const auto value = bytes_of(fmt::format("{}.{}", party_, ++value_));
      switch (rng_.below(10)) {
        case 0:
          if (own_) {
            ask(Kind::kExistsOwn, own_path(), zk::OpCode::kExists, zk::PathRequest{own_path(), false});
          } else {
            ask(Kind::kCreateEphemeral, own_path(), zk::OpCode::kCreate,
                zk::CreateRequest{own_path(), value, zk::open_acl(), 1});
          }
          break;
        case 1:
          ask(Kind::kSequence, "/", zk::OpCode::kCreate,
              zk::CreateRequest{fmt::format("/s{}-", party_), value, zk::open_acl(), 2});
          break;
        case 2:
          ask(Kind::kDelete, shared, zk::OpCode::kDelete, zk::PathVersion{shared, -1});
          break;
        case 3:
          ask(Kind::kSync, shared, zk::OpCode::kSync, zk::PathOnly{shared});
          break;
        case 4:
          ask(Kind::kCreateShared, shared, zk::OpCode::kCreate, zk::CreateRequest{shared, value, zk::open_acl(), 0});
          break;
        case 5:
        case 6:
          ask(Kind::kSet, shared, zk::OpCode::kSetData, zk::SetDataRequest{shared, value, -1});
          break;
        default:
          // A watch on a path whose watch is out already would be the same one.
          if (!watched_.contains(shared) && rng_.chance(0.5) &&
              std::ranges::none_of(waiting_, [&](const Request& q) { return q.watch && q.path == shared; })) {
            ask(Kind::kGet, shared, zk::OpCode::kGetData, zk::PathRequest{shared, true});
            waiting_.back().watch = true;
          } else {
            ask(Kind::kGet, shared, zk::OpCode::kGetData, zk::PathRequest{shared, false});
          }
      }
    }
    request();
  });
}

void SimClient::on_reply(Reader& r, const zk::ReplyHeader& header) {
  if (waiting_.empty() || waiting_.front().xid != header.xid)
    return fail(fmt::format("answer {} while {} is due", header.xid, waiting_.empty() ? 0 : waiting_.front().xid));
  const Request q = std::move(waiting_.front());
  waiting_.pop_front();
  if (header.zxid > 0) {
    if (header.zxid < last_zxid_)
      return fail(fmt::format("an answer of 0x{:x} after one of 0x{:x}", header.zxid, last_zxid_));
    last_zxid_ = header.zxid;
  }
  const auto code = static_cast<zk::KeeperCode>(header.err);
  const bool ok = code == zk::KeeperCode::kOk;
  switch (q.kind) {
    case Kind::kCreateEphemeral:
      if (ok) own_ = true;
      [[fallthrough]];
    case Kind::kCreateShared:
    case Kind::kSet:
    case Kind::kSequence:
    case Kind::kDelete:
    case Kind::kMulti:
      // Refusals are transactions of the order too.
      order_.acknowledged(session_, q.xid, header.zxid);
      if (ok) ++acknowledged_;
      if (ok && (q.kind == Kind::kSet || q.kind == Kind::kCreateShared)) seen_[q.path] = header.zxid;
      if (q.kind == Kind::kCreateEphemeral && code == zk::KeeperCode::kNodeExists) own_ = false;
      return;
    case Kind::kExistsOwn:
      ++reads_;
      if (own_ && !ok) fail("its ephemeral node is gone while the session lives");
      return;
    case Kind::kGet: {
      ++reads_;
      if (!ok) return;
      zk::GetDataResponse data;
      if (!zk::jute::read(r, data)) return fail("data that cannot be read");
      const Zxid mzxid = data.stat.mzxid;
      if (mzxid > header.zxid) return fail(fmt::format("{} shows 0x{:x} at 0x{:x}", q.path, mzxid, header.zxid));
      if (mzxid < seen_[q.path]) return fail(fmt::format("{} shows 0x{:x} after 0x{:x}", q.path, mzxid, seen_[q.path]));
      seen_[q.path] = mzxid;
      if (const auto it = watched_.find(q.path); it != watched_.end() && it->second < mzxid)
        return fail(fmt::format("{} shows 0x{:x}, and its watch of 0x{:x} has not fired", q.path, mzxid, it->second));
      if (q.watch) watched_[q.path] = mzxid;
      return;
    }
    default:
      return;
  }
}

}  // namespace kz::sim
