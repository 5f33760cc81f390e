// Kafka's listeners: accepted connections are dealt to the reactors in turn, frames go to a RequestService, one request
// of a connection at a time; answers may come from any thread.
// Source: SocketServer.scala, Selector.java @ 3.4.0.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/ports_net.h"
#include "net/connection_quota.h"
#include "net/reactor.h"

namespace kz::net {

struct KafkaListenOptions {
  std::string name = "PLAINTEXT";         // listener name, as in listeners=
  std::string host;                       // "" = all addresses
  uint16_t port = 9092;                   // 0 = any free one
  size_t frame_max = 104857600;           // socket.request.max.bytes
  int32_t send_buffer_bytes = 102400;     // socket.send.buffer.bytes; -1 = the kernel's choice
  int32_t receive_buffer_bytes = 102400;  // socket.receive.buffer.bytes; -1 = the kernel's choice
  int32_t backlog = 50;                   // socket.listen.backlog.size
  int64_t idle_ms = 600000;               // connections.max.idle.ms; negative: never
  int64_t process_bytes_max = 0;          // queued.max.request.bytes: request bytes in memory; 0 = no limit
};

// start/stop calls from one thread at a time, any thread. The service and the reactors outlive the link, and the
// reactors run while it is used.
class KafkaLink {
 public:
  KafkaLink(std::vector<Reactor*> reactors, RequestService& service, int32_t node_id);
  ~KafkaLink();  // close()

  // Binds; connections wait in the backlog until start_accepting(). Returns the port in use.
  Result<uint16_t> bind(const KafkaListenOptions& options);
  void start_accepting();
  void stop_accepting();  // closes the listening sockets
  // stop_accepting, then closes every connection; on_closed is called for each. Returns when all are closed.
  void close();

  size_t connections() const;
  // Any thread, at any time. New connections only: nobody is closed for a limit that was lowered.
  void set_limits(ConnectionLimits limits);
  // New connections are dealt to the first `count` reactors; at least 1, at most all.
  void set_reactors_in_use(size_t count);
  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
