// HttpServer: a small HTTP/1.1 server for pages that people and monitors read: admin commands, metrics. GET and HEAD;
// requests are answered on the reactor, one after the other; keep-alive, pipelining, an idle time after which a
// connection goes. Parsing by Boost.Beast. All calls on the reactor's thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"
#include "net/reactor.h"

namespace kz::net {

struct HttpRequest {
  std::string path;                               // decoded, without the query
  std::map<std::string, std::string> parameters;  // of the query, decoded; the first of a name counts
};

struct HttpResponse {
  int status = 200;
  std::string content_type;  // empty: none is said
  std::string body;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  HttpServer(Reactor& reactor, Duration idle_timeout, Handler handler);
  ~HttpServer();  // closes everything
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // Binds; host "" or "0.0.0.0": every address; port 0: any free one. The port in use.
  Result<uint16_t> listen(const std::string& host, uint16_t port);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

// %XX and, in queries, '+': what cannot be decoded stays as it is.
std::string url_decode(std::string_view text, bool query);
HttpRequest parse_target(std::string_view target);

}  // namespace kz::net
