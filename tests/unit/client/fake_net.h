// A virtual clock and a scripted network for the client machines: time moves only when the test says so, and the peer
// is a function of the test. Single-threaded.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/ports_net.h"

namespace kz::client::test {

class FakeExecutor final : public Executor {
 public:
  void post(Work work) override { at(now_, std::move(work)); }
  TimerId at(TimePoint when, Work work) override {
    const TimerId id = ++next_;
    queue_.emplace(std::pair{std::max(when.ns, now_.ns), id}, std::move(work));
    when_[id] = std::max(when.ns, now_.ns);
    return id;
  }
  void cancel(TimerId id) override {
    auto it = when_.find(id);
    if (it == when_.end()) return;
    queue_.erase({it->second, id});
    when_.erase(it);
  }
  Now now() const override { return {now_, 1'700'000'000'000 + now_.ns / 1'000'000}; }

  // Runs all that is due until the clock has moved by d.
  void advance(Duration d) {
    const TimePoint end = now_ + d;
    while (!queue_.empty() && queue_.begin()->first.first <= end.ns) {
      auto node = queue_.extract(queue_.begin());
      now_.ns = std::max(now_.ns, node.key().first);
      when_.erase(node.key().second);
      node.mapped()();
    }
    now_ = end;
  }
  void settle() { advance(ms(0)); }

 private:
  TimePoint now_{1'000'000'000};
  TimerId next_ = 0;
  std::map<std::pair<int64_t, TimerId>, Work> queue_;
  std::map<TimerId, int64_t> when_;
};

// Connections are opened at once unless refuse is set; frames that the machine sends are kept in order.
class FakeConnector final : public Connector {
 public:
  explicit FakeConnector(FakeExecutor& executor) : executor_(executor) {}

  struct Conn {
    std::string host;
    uint16_t port = 0;
    ConnectionHandler* handler = nullptr;
    bool open = true;
  };

  ConnId open(const std::string& host, uint16_t port, ConnectionHandler& handler, size_t) override {
    const ConnId id = ++next_;
    conns_[id] = {host, port, &handler, true};
    attempts.push_back(host + ":" + std::to_string(port));
    const bool refused = refuse && refuse(host, port);
    if (silent && silent(host, port)) return id;
    executor_.post([this, id, refused] {
      Conn& c = conns_[id];
      if (!c.open) return;
      if (refused) {
        c.open = false;
        c.handler->on_closed(id, Error{Errc::kRefused, "refused", 0}, {});
      } else {
        c.handler->on_connected(id);
      }
    });
    return id;
  }
  void send(ConnId conn, Chain body) override {
    if (!conns_[conn].open) return;
    std::string text;
    for (auto& piece : body.pieces()) text += std::get<Slice>(piece).text();
    Slice frame = Slice::copy_of(text);
    sent.emplace_back(conn, frame);
    if (on_send) {
      executor_.post([this, conn, frame] {
        if (conns_[conn].open) on_send(conn, frame);
      });
    }
  }
  void close(ConnId conn) override { conns_[conn].open = false; }
  std::string peer(ConnId conn) const override {
    const Conn& c = conns_.at(conn);
    return c.host + "/127.0.0.1:" + std::to_string(c.port);
  }

  // The peer's side.
  void deliver(ConnId conn, Slice frame) {
    Conn& c = conns_[conn];
    if (c.open) c.handler->on_frame(conn, std::move(frame));
  }
  void drop(ConnId conn, Errc why = Errc::kDisconnected, std::string first_bytes = {}) {
    Conn& c = conns_[conn];
    if (!std::exchange(c.open, false)) return;
    c.handler->on_closed(conn, Error{why, "dropped", 0}, std::move(first_bytes));
  }
  const Conn& conn(ConnId id) const { return conns_.at(id); }
  ConnId last() const { return next_; }

  std::function<bool(const std::string&, uint16_t)> refuse;
  std::function<bool(const std::string&, uint16_t)> silent;
  std::function<void(ConnId, Slice)> on_send;  // what the scripted peer does with a frame
  std::vector<std::pair<ConnId, Slice>> sent;
  std::vector<std::string> attempts;

 private:
  FakeExecutor& executor_;
  ConnId next_ = 0;
  std::map<ConnId, Conn> conns_;
};

}  // namespace kz::client::test
