// The ZooKeeper client port: listener and connections on one reactor. Recognises four-letter words in the first four
// bytes, cuts frames, counts. Decides nothing else: sessions and requests are the handler's.
// Source: NIOServerCnxn.java, NIOServerCnxnFactory.java @ 3.8.0.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/bytes/slab.h"
#include "net/reactor.h"

namespace kz::net {

// Called on the link's reactor. After on_closed(conn) no more come for it.
class ZkLinkHandler {
 public:
  virtual ~ZkLinkHandler() = default;
  virtual void on_accept(ConnId conn, const std::string& ip, uint16_t port) = 0;
  // The first four bytes were lower-case letters. Answer with send_text_and_close(), or close() when the word is not
  // known. args: the bytes that came behind it in the same packet (eight for stmk; what else comes is idle).
  virtual void on_four_letter(ConnId conn, const std::string& word, const std::string& args) = 0;
  // A whole frame, length prefix stripped: first the connect request, then requests.
  virtual void on_frame(ConnId conn, Slice frame) = 0;
  // The peer went away, sent an absurd length, or the idle or error path closed it. Not called after close().
  virtual void on_closed(ConnId conn, Error why) = 0;
};

// What `cons` and `stat` print of a connection.
struct ZkConnStats {
  std::string ip;
  uint16_t port = 0;
  int64_t established_wall_ms = 0;
  uint64_t received = 0;       // frames
  uint64_t sent = 0;           // frames
  uint64_t bytes_queued = 0;   // not yet taken by the kernel
  SessionId session_id = 0;    // set by the handler
  std::string last_operation;  // set by the handler: "GETD", "PING", ...
  int64_t last_cxid = 0, last_zxid = 0, last_response_wall_ms = 0;
  int64_t last_latency_ms = 0, min_latency_ms = 0, max_latency_ms = 0, latency_sum_ms = 0;
  uint64_t latency_count = 0;
  uint64_t outstanding = 0;  // set by the handler
  int32_t session_timeout_ms = 0;
};

struct ZkListenOptions {
  std::string host;            // clientPortAddress; "" = all addresses
  uint16_t port = 2181;        // 0 = any free one
  size_t frame_max = 0xfffff;  // jute.maxbuffer
  int32_t max_per_ip = 60;     // maxClientCnxns; 0 = no limit
  int32_t max_total = 0;       // maxCnxns; 0 = no limit
  int32_t backlog = 128;       // clientPortListenBacklog
};

// All calls on the reactor's thread. The handler outlives the link.
class ZkLink {
 public:
  ZkLink(Reactor& reactor, ZkLinkHandler& handler);
  ~ZkLink();  // closes everything without on_closed
  // Binds and starts to accept; the port in use. kAddressInUse, kPermission, kResolve. May be called for several
  // addresses.
  Result<uint16_t> listen(const ZkListenOptions& options);
  void stop_accepting();

  // Sends a frame; the length prefix is added. Ignored on a closed connection.
  void send(ConnId conn, Slice body);
  // Sends `frames` frames that bring their length prefixes (0 for the text of a four-letter word).
  void send_raw(ConnId conn, Chain bytes, uint64_t frames);
  // The answer of a four-letter word: raw text, then the connection is closed.
  void send_text_and_close(ConnId conn, std::string text);
  // Closes at once, or after what was queued is sent. No on_closed call.
  void close(ConnId conn);
  void close_after_send(ConnId conn);
  // Stops and resumes reading (back-pressure). Frames already received are kept.
  void pause(ConnId conn);
  void resume(ConnId conn);

  // nullptr when closed.
  ZkConnStats* stats(ConnId conn);
  void for_each(const std::function<void(ConnId, const ZkConnStats&)>& fn);
  void reset_stats();  // crst: counters to 0
  size_t connections() const;
  int64_t take_rejected();  // connections refused by the limits since the last call

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace kz::net
