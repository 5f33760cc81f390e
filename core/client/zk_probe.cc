#include "core/client/zk_probe.h"

#include "core/bytes/writer.h"
#include "core/zk/proto.h"

namespace kz::client {

ZkProbe::~ZkProbe() {
  if (conn_ != 0) connector_.close(conn_);
  executor_.cancel(timer_);
}

void ZkProbe::ask(const std::string& host, uint16_t port, std::function<void(bool)> done) {
  if (conn_ != 0) return;
  done_ = std::move(done);
  timer_ = executor_.after(ms(2000), [this] {
    timer_ = 0;
    finish(false);
  });
  conn_ = connector_.open(host, port, *this, 4096);
}

void ZkProbe::on_connected(ConnId conn) {
  zk::ConnectRequest request;
  request.timeout_ms = 4000;
  request.password = Slice::copy_of(std::string(16, '\0'));
  request.read_only = true;
  connector_.send(conn, Chain(zk::encode_connect_request(request).sub(4)));
}

void ZkProbe::on_frame(ConnId conn, Slice frame) {
  const auto response = zk::decode_connect_response(frame);
  const bool yes =
      response && response->protocol_version == 0 && response->password && response->password->size() == 16;
  if (yes) {
    // The session is not to live until its timeout.
    Buffer close;
    close.i32(1);
    close.i32(static_cast<int32_t>(zk::OpCode::kCloseSession));
    connector_.send(conn, Chain(close.to_slice()));
  }
  finish(yes);
}

void ZkProbe::on_closed(ConnId, Error, std::string) {
  conn_ = 0;
  finish(false);
}

void ZkProbe::finish(bool answer) {
  if (conn_ != 0) connector_.close(std::exchange(conn_, 0));
  executor_.cancel(std::exchange(timer_, 0));
  if (auto done = std::exchange(done_, nullptr)) done(answer);
}

}  // namespace kz::client
