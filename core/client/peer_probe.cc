#include "core/client/peer_probe.h"

#include <utility>

#include "core/bytes/writer.h"
#include "core/zk/proto.h"

namespace kz::client {

PeerProbe::~PeerProbe() {
  if (conn_ != 0) connector_.close(conn_);
  executor_.cancel(timer_);
}

void PeerProbe::ask(const std::string& host, uint16_t port, std::function<void(PeerKind)> done) {
  if (done_) return;
  host_ = host;
  port_ = port;
  done_ = std::move(done);
  open(Stage::kZooKeeper);
}

void PeerProbe::open(Stage stage) {
  stage_ = stage;
  timer_ = executor_.after(ms(1000), [this] {
    timer_ = 0;
    next();
  });
  conn_ = connector_.open(host_, port_, *this, 4096);
}

void PeerProbe::on_connected(ConnId conn) {
  if (stage_ == Stage::kHttp) {
    // The length prefix in front makes it a bad request; servers say so in words.
    return connector_.send(conn, Chain(Slice::copy_of(std::string_view("GET / HTTP/1.0\r\n\r\n"))));
  }
  zk::ConnectRequest request;
  request.timeout_ms = 4000;
  request.password = Slice::copy_of(std::string(16, '\0'));
  request.read_only = true;
  connector_.send(conn, Chain(zk::encode_connect_request(request).sub(4)));
}

void PeerProbe::on_frame(ConnId conn, Slice frame) {
  const auto response = zk::decode_connect_response(frame);
  if (!response || response->protocol_version != 0 || !response->password || response->password->size() != 16) {
    return next();
  }
  // The session is not to live until its timeout.
  Buffer close;
  close.i32(1);
  close.i32(static_cast<int32_t>(zk::OpCode::kCloseSession));
  connector_.send(conn, Chain(close.to_slice()));
  finish(PeerKind::kZooKeeper);
}

void PeerProbe::on_closed(ConnId conn, Error, std::string first_bytes) {
  if (conn != conn_) return;
  conn_ = 0;
  const PeerKind kind = recognise_peer(first_bytes);
  kind == PeerKind::kUnknown ? next() : finish(kind);
}

void PeerProbe::next() {
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  executor_.cancel(std::exchange(timer_, 0));
  stage_ == Stage::kZooKeeper ? open(Stage::kHttp) : finish(PeerKind::kUnknown);
}

void PeerProbe::finish(PeerKind kind) {
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  executor_.cancel(std::exchange(timer_, 0));
  if (auto done = std::exchange(done_, nullptr)) done(kind);
}

}  // namespace kz::client
