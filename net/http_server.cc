#include "net/http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <unordered_map>

#include "core/base/log.h"
#include "net/listener.h"
#include "net/stream.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#pragma GCC diagnostic pop

namespace kz::net {
namespace {

namespace http = boost::beast::http;

constexpr uint32_t kHeaderMax = 8192;  // Jetty's
constexpr uint64_t kBodyMax = 65536;   // read and thrown away: no page takes one
constexpr size_t kConnectionsMax = 200;
constexpr size_t kUnsentMax = 4 << 20;  // of a client that asks and does not read
constexpr int kBacklog = 50;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string http_date(int64_t wall_ms) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(wall_ms / 1000)));
}

HttpResponse error_page(int status) {
  const std::string reason(http::obsolete_reason(static_cast<http::status>(status)));
  return {
      status, "text/html;charset=utf-8",
      fmt::format("<html><head><title>Error {0} {1}</title></head><body><h2>HTTP ERROR {0} {1}</h2></body></html>\n",
                  status, reason)};
}

}  // namespace

std::string url_decode(std::string_view text, bool query) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (query && text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

HttpRequest parse_target(std::string_view target) {
  // A proxy's form: scheme://host/path.
  if (const size_t scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  HttpRequest out{url_decode(target.substr(0, mark), false), {}};
  if (mark == std::string_view::npos) return out;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t eq = pair.find('=');
    out.parameters.emplace(url_decode(pair.substr(0, eq), true),
                           eq == std::string_view::npos ? "" : url_decode(pair.substr(eq + 1), true));
  }
  return out;
}

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  struct Client {
    std::shared_ptr<Stream> stream;
    std::unique_ptr<http::request_parser<http::string_body>> parser;
    std::string rest;  // received and not yet taken by the parser
    TimePoint active;
    bool closing = false;
  };

  Impl(Reactor& r, Duration idle_time, Handler h) : reactor(r), idle(idle_time), handler(std::move(h)) {}

  void accepted(int fd, bool loopback);
  void received(uint64_t id, Bytes bytes);
  // False: the client is gone or waits for more.
  bool take_request(Client& client);
  void answer(Client& client);
  void send(Client& client, const HttpResponse& response, bool head, bool keep_alive, unsigned version,
            std::string_view extra = {});
  void drop(uint64_t id);
  void check_idle();

  Reactor& reactor;
  Duration idle;
  Handler handler;
  std::unique_ptr<Listener> listener;
  std::unordered_map<uint64_t, Client> clients;
  uint64_t last_id = 0;
  TimerId idle_timer = 0;
};

void HttpServer::Impl::accepted(int fd, bool loopback) {
  configure_stream(fd, -1, -1);
  auto stream = std::make_shared<Stream>(reactor, fd, loopback);
  if (clients.size() >= kConnectionsMax) return stream->close();
  const uint64_t id = ++last_id;
  Client& client = clients[id];
  client.stream = stream;
  client.active = reactor.now().mono;
  const std::weak_ptr<Impl> weak = weak_from_this();
  stream->start(
      [weak, id](Bytes bytes) {
        if (const auto self = weak.lock()) self->received(id, bytes);
      },
      [weak, id](Error) {
        if (const auto self = weak.lock()) self->drop(id);
      });
  if (idle_timer == 0) check_idle();
}

void HttpServer::Impl::drop(uint64_t id) {
  const auto it = clients.find(id);
  if (it == clients.end()) return;
  const auto stream = it->second.stream;
  clients.erase(it);
  stream->close();
}

// One timer for all: a connection goes between one and two idle times after its last byte.
void HttpServer::Impl::check_idle() {
  idle_timer = 0;
  std::vector<uint64_t> old;
  for (const auto& [id, client] : clients) {
    if (reactor.now().mono - client.active > idle) old.push_back(id);
  }
  for (const uint64_t id : old) drop(id);
  if (clients.empty()) return;
  idle_timer = reactor.after(idle, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check_idle();
  });
}

void HttpServer::Impl::received(uint64_t id, Bytes bytes) {
  const auto it = clients.find(id);
  if (it == clients.end() || it->second.closing) return;
  Client& client = it->second;
  const auto keep = client.stream;
  client.active = reactor.now().mono;
  client.rest.append(as_text(bytes));
  while (!client.closing && take_request(client)) {
  }
  // After its last answer the stream closes itself; here nothing is known of it any more.
  if (client.closing) clients.erase(id);
}

bool HttpServer::Impl::take_request(Client& client) {
  if (client.rest.empty()) return false;
  if (!client.parser) {
    client.parser = std::make_unique<http::request_parser<http::string_body>>();
    client.parser->header_limit(kHeaderMax);
    client.parser->body_limit(kBodyMax);
    client.parser->eager(true);
  }
  boost::beast::error_code error;
  const size_t used = client.parser->put(boost::asio::buffer(client.rest), error);
  client.rest.erase(0, used);
  if (error == http::error::need_more) return false;
  if (error) {
    const bool large = error == http::error::header_limit;
    send(client, error_page(large ? 431 : error == http::error::body_limit ? 413 : 400), false, false, 11);
    return false;
  }
  if (!client.parser->is_done()) return used > 0;
  answer(client);
  client.parser.reset();
  return true;
}

void HttpServer::Impl::answer(Client& client) {
  const auto& request = client.parser->get();
  const bool keep_alive = request.keep_alive();
  const bool head = request.method() == http::verb::head;
  switch (request.method()) {
    case http::verb::get:
    case http::verb::head:
      return send(client, handler(parse_target({request.target().data(), request.target().size()})), head, keep_alive,
                  request.version());
    case http::verb::options:
      return send(client, {}, false, keep_alive, request.version(), "Allow: GET, HEAD, OPTIONS\r\n");
    case http::verb::trace:  // Jetty is told to forbid it
      return send(client, error_page(403), false, keep_alive, request.version());
    default:
      return send(client, error_page(405), false, keep_alive, request.version(), "Allow: GET, HEAD, OPTIONS\r\n");
  }
}

void HttpServer::Impl::send(Client& client, const HttpResponse& response, bool head, bool keep_alive, unsigned version,
                            std::string_view extra) {
  const std::string reason(http::obsolete_reason(static_cast<http::status>(response.status)));
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason, http_date(reactor.now().wall_ms));
  if (!response.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", response.content_type);
  text += extra;
  if (!keep_alive) text += "Connection: close\r\n";
  if (keep_alive && version < 11) text += "Connection: keep-alive\r\n";
  text += fmt::format("Content-Length: {}\r\nServer: kz/{}\r\n\r\n", response.body.size(), KZ_VERSION);
  if (!head) text += response.body;
  client.stream->send(Chain(Slice::copy_of(text)));
  if (keep_alive && client.stream->bytes_to_send() <= kUnsentMax) return;
  client.closing = true;
  client.stream->close_after_send();
}

HttpServer::HttpServer(Reactor& reactor, Duration idle_timeout, Handler handler)
    : impl_(std::make_shared<Impl>(reactor, idle_timeout, std::move(handler))) {}

HttpServer::~HttpServer() {
  impl_->listener.reset();
  impl_->reactor.cancel(impl_->idle_timer);
  for (auto& [id, client] : impl_->clients) client.stream->close();
  impl_->clients.clear();
}

Result<uint16_t> HttpServer::listen(const std::string& host, uint16_t port) {
  KZ_TRY(const int fd, listen_socket(host == "0.0.0.0" ? "" : host, port, kBacklog, -1));
  KZ_TRY(const uint16_t bound, local_port(fd));
  impl_->listener = std::make_unique<Listener>(
      impl_->reactor, fd,
      [impl = impl_.get()](int peer, const Address& address) { impl->accepted(peer, address.loopback()); });
  impl_->listener->start();
  return bound;
}

}  // namespace kz::net
