#include "core/broker/zk/registration.h"

#include <fmt/format.h>

#include <set>

#include "core/broker/zk/paths.h"

namespace kz::broker {
namespace {

std::unexpected<std::string> zk_error(const char* doing, ZkCode code) {
  return std::unexpected(fmt::format("ZooKeeper answered {} while {}", zk_code_name(code), doing));
}

}  // namespace

void Registration::ensure_paths(std::move_only_function<void(Outcome<void>)> done) {
  // Looking first costs one round trip; creating what exists would cost a synced transaction each.
  std::vector<ZkRequest> looks;
  std::vector<std::string> paths;
  std::set<std::string> seen;
  for (const std::string& path : zkpath::persistent()) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      if (seen.insert(path.substr(0, slash)).second) paths.push_back(path.substr(0, slash));
    }
    paths.push_back(path);
  }
  for (const std::string& path : paths) looks.push_back(ZkRequest::exists(path));
  zk_all(zk_, std::move(looks), alive([this, paths, d = std::move(done)](std::vector<ZkResult> found) mutable {
           std::vector<ZkRequest> creates;
           for (size_t i = 0; i < paths.size(); ++i) {
             if (found[i].code == ZkCode::kNoNode) creates.push_back(ZkRequest::create(paths[i]));
           }
           zk_all(zk_, std::move(creates), alive([e = std::move(d)](std::vector<ZkResult> made) mutable {
                    for (const ZkResult& r : made) {
                      if (!r.ok() && r.code != ZkCode::kNodeExists) {
                        e(zk_error("creating Kafka's top level znodes", r.code));
                        return;
                      }
                    }
                    e({});
                  }));
         }));
}

void Registration::cluster_id(std::move_only_function<void(Outcome<std::string>)> done) {
  zk_.get(zkpath::kClusterId, false, alive([this, d = std::move(done)](ZkResult r) mutable {
            if (r.ok()) {
              auto id = decode_cluster_id(r.data);
              if (id) {
                d(std::move(*id));
              } else {
                d(std::unexpected(fmt::format("Failed to parse the cluster id json {}", r.data)));
              }
              return;
            }
            if (r.code != ZkCode::kNoNode) {
              d(zk_error("reading /cluster/id", r.code));
              return;
            }
            const std::string id = kafka::Uuid::random(rng_).to_string();
            std::vector<ZkRequest> creates;
            creates.push_back(ZkRequest::create("/cluster"));
            creates.push_back(ZkRequest::create(zkpath::kClusterId, encode_cluster_id(id)));
            zk_all(zk_, std::move(creates), alive([this, id, e = std::move(d)](std::vector<ZkResult> made) mutable {
                     if (made[1].ok()) {
                       e(id);
                     } else if (made[1].code == ZkCode::kNodeExists) {
                       cluster_id(std::move(e));
                     } else {
                       e(zk_error("creating /cluster/id", made[1].code));
                     }
                   }));
          }));
}

void Registration::generate_broker_id(int32_t reserved_max, std::move_only_function<void(Outcome<BrokerId>)> done) {
  zk_.set(zkpath::kBrokerSeqId, {}, -1, alive([reserved_max, d = std::move(done)](const ZkResult& r) mutable {
            if (r.ok()) {
              d(r.stat.version + reserved_max);
            } else {
              d(zk_error("generating a broker id", r.code));
            }
          }));
}

void Registration::register_broker(BrokerNode node, int64_t wait_ms, Registered done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->node = std::move(node);
  attempt->give_up = executor_.now().mono + ms(wait_ms);
  attempt->next_line = executor_.now().mono;
  attempt->done = std::move(done);
  try_register(std::move(attempt));
}

void Registration::try_register(std::shared_ptr<Attempt> attempt) {
  attempt->node.timestamp_ms = executor_.now().wall_ms;
  const std::string path = zkpath::broker(attempt->node.id);
  std::vector<ZkOp> ops;
  ops.push_back(ZkOp::create(path, {}, ZkMode::kEphemeral));
  ops.push_back(ZkOp::set(path, encode_broker(attempt->node), 0));
  zk_.multi(std::move(ops), alive([this, attempt](const ZkResult& r) mutable {
              if (r.ok()) {
                last_session_ = zk_.session_id();
                const int64_t epoch = r.results[1].stat.czxid;
                log_.info("Registered broker {} at path {}, czxid (broker epoch): {}", attempt->node.id,
                          zkpath::broker(attempt->node.id), epoch);
                attempt->done(epoch);
              } else if (r.code == ZkCode::kNodeExists) {
                inspect(std::move(attempt));
              } else {
                attempt->done(zk_error("registering the broker", r.code));
              }
            }));
}

void Registration::inspect(std::shared_ptr<Attempt> attempt) {
  const std::string path = zkpath::broker(attempt->node.id);
  zk_.get(path, false, alive([this, attempt, path](const ZkResult& r) mutable {
            if (r.code == ZkCode::kNoNode) {
              try_register(std::move(attempt));
              return;
            }
            if (!r.ok()) {
              attempt->done(zk_error("reading the broker's registration", r.code));
              return;
            }
            const SessionId owner = r.stat.ephemeral_owner;
            if (owner == zk_.session_id()) {  // the answer to our own multi was lost
              last_session_ = owner;
              attempt->done(r.stat.czxid);
              return;
            }
            if (last_session_ != 0 && owner == last_session_) {
              // ZOOKEEPER-2985: the server may keep the ephemeral of an expired session.
              log_.info("{} still belongs to this broker's expired session; it is made anew", path);
              zk_.remove(path, -1,
                         alive([this, attempt](const ZkResult&) mutable { try_register(std::move(attempt)); }));
              return;
            }
            const auto there = decode_broker(attempt->node.id, r.data);
            const bool predecessor = there && there->endpoints == attempt->node.endpoints;
            if (predecessor && executor_.now().mono < attempt->give_up) {
              wait(std::move(attempt), owner);
              return;
            }
            const std::string line = fmt::format(
                "Error while creating ephemeral at {}, node already exists and owner '{}' does not match current "
                "session '{}'",
                path, owner, zk_.session_id());
            log_.error("{}", line);
            attempt->done(std::unexpected(line));
          }));
}

void Registration::wait(std::shared_ptr<Attempt> attempt, SessionId owner) {
  const TimePoint now = executor_.now().mono;
  if (now >= attempt->next_line) {
    const int64_t left = std::chrono::duration_cast<std::chrono::seconds>(attempt->give_up - now).count();
    log_.warn(
        "Broker {} is still registered by session 0x{:x} of a process that ended without closing it; waiting for "
        "its expiry, at most {} s",
        attempt->node.id, static_cast<uint64_t>(owner), left);
    attempt->next_line = now + ms(5000);
  }
  executor_.after(ms(100), alive([this, attempt]() mutable { try_register(std::move(attempt)); }));
}

}  // namespace kz::broker
