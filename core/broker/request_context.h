// One request on its way through a handler: its header, where it came from, and the one answer it gets.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/kafka/header.h"
#include "core/ports_net.h"

namespace kz::broker {

// Movable; moved into an operation that answers later (from any thread). Whoever holds it last answers exactly once:
// respond, no_response or close. Destroyed unanswered (shutdown, a dropped operation), it closes the connection, so
// that no client waits for an answer that cannot come.
class RequestContext {
 public:
  RequestContext(kafka::RequestHeader header, IncomingRequest request)
      : header_(std::move(header)), request_(std::move(request)) {}
  RequestContext(RequestContext&& o) noexcept = default;
  RequestContext& operator=(RequestContext&&) = delete;
  ~RequestContext() { close(); }

  const kafka::RequestHeader& header() const { return header_; }
  int16_t version() const { return header_.api_version; }
  int32_t correlation_id() const { return header_.correlation_id; }
  // Empty when null, as Kafka treats it.
  std::string client_id() const { return header_.client_id.value_or(""); }
  const ConnectionInfo& connection() const { return *request_.connection; }
  Now now() const { return request_.now; }                 // when the request was read
  Executor& reactor() const { return *request_.reactor; }  // the thread that read it; timers of this request go there
  size_t request_bytes() const { return request_.frame.size(); }

  // Encodes with the request's version and sends.
  template <class Response>
  void respond(const Response& response) {
    send(kafka::encode_response(header_.correlation_id, header_.api_version, response));
  }
  // A whole frame with response header.
  void send(Chain frame) {
    if (auto reply = std::move(request_.reply)) reply->send(std::move(frame));
  }
  // acks=0: nothing is sent, the connection's next request is read.
  void no_response() {
    if (auto reply = std::move(request_.reply)) reply->nothing();
  }
  void close() {
    if (auto reply = std::move(request_.reply)) reply->close();
  }
  bool answered() const { return request_.reply == nullptr; }
  // Moves the request out of the handler, to be answered later.
  RequestContext respond_later() { return std::move(*this); }

 private:
  kafka::RequestHeader header_;
  IncomingRequest request_;
};

}  // namespace kz::broker
