#include "core/broker/zk/config_changes.h"

#include <algorithm>

#include "core/broker/zk/paths.h"

namespace kz::broker {
namespace {

// The session ended meanwhile: what was asked will be asked again with the next one.
bool unanswered(const std::vector<ZkResult>& results) {
  return std::ranges::any_of(results, [](const ZkResult& r) {
    return r.code == ZkCode::kSessionExpired || r.code == ZkCode::kConnectionLoss;
  });
}

}  // namespace

ConfigChanges::ConfigChanges(ZkPort& zk, Executor& executor, Apply apply)
    : zk_(zk), executor_(executor), apply_(std::move(apply)), log_("kafka.common.ZkNodeChangeNotificationListener") {
  zk_.add_listener(this);
}

ConfigChanges::~ConfigChanges() { zk_.remove_listener(this); }

void ConfigChanges::load_all(std::vector<std::string> broker_entities, std::move_only_function<void(ZkCode)> done) {
  zk_.children("/config/topics", false,
               alive([this, entities = std::move(broker_entities), d = std::move(done)](ZkResult list) mutable {
                 if (!list.ok() && list.code != ZkCode::kNoNode) {
                   d(list.code);
                   return;
                 }
                 std::vector<std::pair<std::string, std::string>> wanted;
                 for (std::string& name : list.children) wanted.emplace_back("topics", std::move(name));
                 for (std::string& name : entities) wanted.emplace_back("brokers", std::move(name));
                 std::vector<ZkRequest> reads;
                 for (const auto& [type, name] : wanted) reads.push_back(ZkRequest::get(zkpath::config(type, name)));
                 zk_all(zk_, std::move(reads), alive([this, wanted, e = std::move(d)](std::vector<ZkResult> r) mutable {
                          for (size_t i = 0; i < wanted.size(); ++i) {
                            if (!r[i].ok()) continue;
                            if (auto config = decode_config(r[i].data)) {
                              apply_(wanted[i].first, wanted[i].second, *config);
                            } else {
                              log_.error("The configuration of {} {} cannot be read: {}", wanted[i].first,
                                         wanted[i].second, r[i].data);
                            }
                          }
                          e(ZkCode::kOk);
                        }));
               }));
}

void ConfigChanges::start() {
  started_ = true;
  scan();
}

void ConfigChanges::on_watch(ZkWatch what, const std::string& path) {
  if (started_ && what == ZkWatch::kChildrenChanged && path == zkpath::kConfigChanges) scan();
}

void ConfigChanges::on_session_ready() {
  scanning_ = false;
  if (started_) scan();
}

void ConfigChanges::scan() {
  if (scanning_) {
    again_ = true;
    return;
  }
  scanning_ = true;
  again_ = false;
  zk_.children(zkpath::kConfigChanges, true, alive([this](ZkResult list) {
                 if (list.ok()) {
                   on_names(std::move(list.children));
                 } else {
                   scanning_ = false;
                 }
               }));
}

void ConfigChanges::on_names(std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& n) { return !zkpath::sequence_of(n); });
  std::ranges::sort(names, {}, [](const std::string& n) { return *zkpath::sequence_of(n); });
  std::vector<ZkRequest> reads;
  for (const std::string& name : names) {
    reads.push_back(ZkRequest::get(std::string(zkpath::kConfigChanges) + "/" + name));
  }
  zk_all(zk_, std::move(reads), alive([this, names = std::move(names)](std::vector<ZkResult> r) {
           if (unanswered(r)) {
             scanning_ = false;
             return;
           }
           std::vector<std::pair<std::string, std::string>> entities;
           std::vector<std::pair<std::string, int64_t>> ctimes;
           int64_t newest = last_;
           for (size_t i = 0; i < names.size(); ++i) {
             if (!r[i].ok()) continue;
             ctimes.emplace_back(names[i], r[i].stat.ctime);
             const int64_t sequence = *zkpath::sequence_of(names[i]);
             if (sequence <= last_) continue;
             newest = sequence;
             const auto path = decode_config_change(r[i].data);
             const size_t slash = path ? path->find('/') : std::string::npos;
             if (slash == std::string::npos) {
               log_.error("The configuration change {} cannot be read: {}", names[i], r[i].data);
               continue;
             }
             std::pair<std::string, std::string> entity{path->substr(0, slash), path->substr(slash + 1)};
             if (std::ranges::find(entities, entity) == entities.end()) entities.push_back(std::move(entity));
           }
           purge(ctimes);
           std::vector<ZkRequest> configs;
           for (const auto& [type, name] : entities) configs.push_back(ZkRequest::get(zkpath::config(type, name)));
           zk_all(zk_, std::move(configs), alive([this, entities, newest](std::vector<ZkResult> c) {
                    scanning_ = false;
                    if (unanswered(c)) return;
                    last_ = newest;
                    for (size_t i = 0; i < entities.size(); ++i) {
                      if (!c[i].ok() && c[i].code != ZkCode::kNoNode) continue;
                      auto config = decode_config(c[i].data);
                      if (!config) continue;
                      log_.info("Processing override for entityPath: {}/{}", entities[i].first, entities[i].second);
                      apply_(entities[i].first, entities[i].second, *config);
                    }
                    if (again_) scan();
                  }));
         }));
}

void ConfigChanges::purge(const std::vector<std::pair<std::string, int64_t>>& ctimes) {
  for (const auto& [name, ctime] : ctimes) {
    if (executor_.now().wall_ms - ctime <= kExpirationMs) continue;
    zk_.remove(std::string(zkpath::kConfigChanges) + "/" + name, -1, [](const ZkResult&) {});
  }
}

void ConfigChanges::reload(std::string entity_type, std::string entity, std::move_only_function<void()> done) {
  std::string path = zkpath::config(entity_type, entity);
  zk_.get(std::move(path), false,
          alive([this, type = std::move(entity_type), entity = std::move(entity),
                 d = std::move(done)](const ZkResult& r) mutable {
            if (r.ok()) {
              if (auto config = decode_config(r.data)) apply_(type, entity, *config);
            }
            d();
          }));
}

}  // namespace kz::broker
