// Ports between core and net: what protocol code sees of connections. net/ implements Connector and Reply and calls the
// handlers; the simulator does the same. Frames are int32-length-prefixed in both protocols, the prefix stripped.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/executor.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/bytes/slab.h"

namespace kz {

// ---- outgoing connections (clients, the broker's ZooKeeper session) ----

// Callbacks of one outgoing connection, on the executor that opened it. After on_closed no more come.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual void on_connected(ConnId conn) = 0;
  virtual void on_frame(ConnId conn, Slice frame) = 0;
  // why: kRefused, kUnreachable, kResolve, kTimeout, kDisconnected (peer closed), kTooLarge (absurd frame length).
  // first_bytes: for kTooLarge, what the peer sent first (to recognise TLS, HTTP or the other protocol); else empty.
  virtual void on_closed(ConnId conn, Error why, std::string first_bytes) = 0;
};

// Opens framed TCP connections. One per executor; all calls on that executor's thread.
class Connector {
 public:
  virtual ~Connector() = default;
  // Resolves and connects in the background; the handler outlives the connection. frame_max: larger is kTooLarge.
  virtual ConnId open(const std::string& host, uint16_t port, ConnectionHandler& handler, size_t frame_max) = 0;
  // Sends a frame; the length prefix is added. Ignored on a closed connection.
  virtual void send(ConnId conn, Chain body) = 0;
  // Closes without an on_closed call.
  virtual void close(ConnId conn) = 0;
  // "host/ip:port" of the peer as Kafka's client prints it, once resolved.
  virtual std::string peer(ConnId conn) const = 0;
};

// ---- incoming Kafka requests ----

// What is known of an accepted connection. Immutable after accept (the principal after authentication).
struct ConnectionInfo {
  ConnId id = 0;
  std::string client_address;  // "127.0.0.1", no port
  uint16_t client_port = 0;
  std::string listener;  // "PLAINTEXT", as in listeners=
  std::string principal = "User:ANONYMOUS";
};

// Answers one request, exactly once, from any thread. The next frame of the connection is handled after that.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual void send(Chain body) = 0;  // the length prefix is added; body starts with the response header
  virtual void nothing() = 0;         // acks=0
  virtual void close() = 0;           // drop the connection
};

struct IncomingRequest {
  std::shared_ptr<const ConnectionInfo> connection;
  Slice frame;  // starts at the request header
  Now now;
  Executor* reactor = nullptr;  // the thread that read it and that runs this call; timers of this request go there
  std::shared_ptr<Reply> reply;
};

// Implemented by core/broker. Called on reactor threads, several at once.
class RequestService {
 public:
  virtual ~RequestService() = default;
  virtual void on_request(IncomingRequest request) = 0;
  virtual void on_closed(ConnId conn) = 0;
};

}  // namespace kz
