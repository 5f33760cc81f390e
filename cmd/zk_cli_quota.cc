// zk-cli's quota commands: limits and statistics are nodes below /zookeeper/quota.
// Source: SetQuotaCommand, ListQuotaCommand, DelQuotaCommand, StatsTrack @ release-3.8.0.
#include <algorithm>
#include <charconv>
#include <map>

#include "cmd/zk_cli_commands.h"
#include "cmd/zk_cli_text.h"
#include "core/zk/path.h"

namespace kz::cmd {
namespace {

using zk::KeeperCode;
using zk::OpCode;

constexpr ZkOption kSetOptions[] = {{"n", true, "num soft quota", true},
                                    {"b", true, "bytes soft quota", true},
                                    {"N", true, "num hard quota", true},
                                    {"B", true, "bytes hard quota", true}};
constexpr ZkOption kDeleteOptions[] = {{"n", false, "num soft quota", true},
                                       {"b", false, "bytes soft quota", true},
                                       {"N", false, "num hard quota", true},
                                       {"B", false, "bytes hard quota", true}};
constexpr std::pair<std::string_view, const char*> kKeys[] = {
    {"n", "count"}, {"b", "bytes"}, {"N", "countHardLimit"}, {"B", "byteHardLimit"}};

// The text of a limits or statistics node. Keys that were never set are not printed.
class StatsTrack {
 public:
  StatsTrack() = default;
  explicit StatsTrack(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find_first_of(",;"), text.size());
      const std::string_view pair = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const size_t eq = pair.find('=');
      if (eq == std::string_view::npos) continue;
      int64_t value = -1;
      std::from_chars(pair.data() + eq + 1, pair.data() + pair.size(), value);
      values_[std::string(pair.substr(0, eq))] = value;
    }
  }
  int64_t get(const std::string& key) const {
    const auto it = values_.find(key);
    return it == values_.end() ? -1 : it->second;
  }
  void set(const std::string& key, int64_t value) { values_[key] = value; }
  std::string text() const {
    std::string out = "count=" + std::to_string(get("count")) + ",bytes=" + std::to_string(get("bytes"));
    std::string more;
    for (const auto& [key, value] : values_) {
      if (key != "count" && key != "bytes") more += ";" + key + "=" + std::to_string(value);
    }
    return more.empty() ? out : out + "=" + more;
  }

 private:
  std::map<std::string, int64_t> values_;
};

std::string quota_path(const std::string& path) { return std::string(zk::kQuotaPrefix) + path; }
std::string limits_path(const std::string& path) { return quota_path(path) + "/" + std::string(zk::kLimitsNode); }
std::string stats_path(const std::string& path) { return quota_path(path) + "/" + std::string(zk::kStatsNode); }

std::expected<StatsTrack, CliError> read_track(CliSession& session, const std::string& path, KeeperCode& code) {
  if (std::string problem = path_problem(path); !problem.empty()) return cli_error(std::move(problem));
  zk::GetDataResponse r;
  code = session.get(path, false, r);
  if (code != KeeperCode::kOk) return cli_error(zk_error_text(code, path));
  return StatsTrack(r.data ? r.data->text() : "");
}

// The limit that the option gives; nothing when it is none, and then the reason has been printed.
std::optional<StatsTrack> limit_of(CliSession& session, const ZkArgs& args) {
  StatsTrack quota;
  for (const auto& [option, key] : kKeys) {
    const std::string* text = args.value(option);
    if (text == nullptr) continue;
    const bool number = option == "n" || option == "N";
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() ||
        (number && value != static_cast<int32_t>(value))) {
      session.console().error("NumberFormatException happens when parsing the option value");
      return std::nullopt;
    }
    if (number ? value <= 0 : value < 0) {
      session.console().error(number ? "the num quota must be greater than zero"
                                     : "the bytes quota must be greater than or equal to zero");
      return std::nullopt;
    }
    quota.set(key, value);
  }
  return quota;
}

void warn_if_exceeded(ZkConsole& console, const StatsTrack& limit, const StatsTrack& now) {
  const auto below = [&](const char* key, int64_t is) { return limit.get(key) > -1 && limit.get(key) < is; };
  const int64_t count = now.get("count"), bytes = now.get("bytes");
  if (below("count", count) || below("countHardLimit", count))
    console.print("[Warning]: the count quota you create is less than the existing count:" + std::to_string(count) +
                  "\n");
  if (below("bytes", bytes) || below("byteHardLimit", bytes))
    console.print("[Warning]: the bytes quota you create is less than the existing bytes:" + std::to_string(bytes) +
                  "\n");
}

// A quota may not stand below or above another.
Outcome check_relatives(CliSession& session, const std::string& path) {
  const auto has_limits = [&](const std::string& node, zk::GetChildren2Response& r) {
    const KeeperCode code = session.children(node, false, r);
    return code == KeeperCode::kOk &&
           std::find(r.children.begin(), r.children.end(), zk::kLimitsNode) != r.children.end();
  };
  zk::GetDataResponse top;
  if (session.get(quota_path(path), false, top) != KeeperCode::kNoNode) {
    const Outcome o = visit_tree(session, quota_path(path), false, [&](const std::string& node) -> Outcome {
      zk::GetChildren2Response r;
      if (node != quota_path(path) && has_limits(node, r))
        return cli_error(path + " has a child " + node.substr(zk::kQuotaPrefix.size()) + " which has a quota");
      return {};
    });
    if (!o) return o;
  }
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    zk::GetChildren2Response r;
    if (has_limits(quota_path(above), r)) return cli_error(path + " has a parent " + above + " which has a quota");
    if (r.children.empty()) break;
  }
  return {};
}

Outcome create_quota(CliSession& session, const std::string& path, const StatsTrack& quota) {
  if (Outcome o = check_path(path); !o) return o;
  zk::Stat stat;
  const KeeperCode there = session.exists(path, false, stat);
  if (there == KeeperCode::kNoNode) return cli_error(path + " does not exist.");
  if (there != KeeperCode::kOk) return outcome_of(there, path);
  // The root's quota node would be "/zookeeper/quota/", which is no path.
  if (Outcome o = check_path(quota_path(path)); !o) return o;
  if (Outcome o = check_relatives(session, path); !o) return o;
  if (session.exists(std::string(zk::kQuotaPrefix), false, stat) == KeeperCode::kNoNode) {
    for (const char* node : {"/zookeeper", "/zookeeper/quota"}) {
      const KeeperCode made = session.create(node, std::nullopt);
      if (made != KeeperCode::kOk && made != KeeperCode::kNodeExists) return outcome_of(made, node);
    }
  }
  for (size_t slash = 0; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    const std::string node = quota_path(path.substr(0, slash));
    if (session.exists(node, false, stat) == KeeperCode::kOk) continue;
    const KeeperCode made = session.create(node, std::nullopt);
    if (made != KeeperCode::kOk && made != KeeperCode::kNodeExists) return outcome_of(made, node);
  }
  const std::string limits = limits_path(path), stats = stats_path(path);
  const bool fresh = session.exists(limits, false, stat) == KeeperCode::kNoNode;
  if (fresh) {
    StatsTrack all;
    for (const auto& [option, key] : kKeys) all.set(key, quota.get(key));
    if (Outcome o = outcome_of(session.create(limits, Slice::copy_of(all.text())), limits); !o) return o;
    StatsTrack none;
    none.set("count", 0);
    none.set("bytes", 0);
    if (Outcome o = outcome_of(session.create(stats, Slice::copy_of(none.text())), stats); !o) return o;
  }
  KeeperCode code = KeeperCode::kOk;
  auto limit = read_track(session, limits, code);
  if (!limit) return std::unexpected(limit.error());
  for (const auto& [option, key] : kKeys) {
    if (!fresh && quota.get(key) > -1) limit->set(key, quota.get(key));
  }
  const auto now = read_track(session, stats, code);
  if (!now) return std::unexpected(now.error());
  warn_if_exceeded(session.console(), *limit, *now);
  if (fresh) return {};
  return outcome_of(
      session.tell(OpCode::kSetData, zk::SetDataRequest{session.full(limits), Slice::copy_of(limit->text()), -1}),
      limits);
}

Outcome remove_node(CliSession& session, const std::string& path) {
  return outcome_of(session.tell(OpCode::kDelete, zk::DeleteRequest{session.full(path), -1}), path);
}

// The whole quota, and what of its path nobody else needs.
Outcome delete_quota(CliSession& session, const std::string& path) {
  std::string node = quota_path(path);
  zk::GetChildren2Response r;
  if (Outcome o = outcome_of(session.children(node, false, r), node); !o) return o;
  for (const auto& name : r.children) {
    if (Outcome o = remove_node(session, node + "/" + name); !o) return o;
  }
  while (node != zk::kQuotaPrefix) {
    zk::GetChildren2Response below;
    if (Outcome o = outcome_of(session.children(node, false, below), node); !o) return o;
    if (!below.children.empty()) break;
    if (Outcome o = remove_node(session, node); !o) return o;
    node = zk::parent_path(node);
  }
  return {};
}

}  // namespace

Outcome zk_set_quota(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("setquota"), words, kSetOptions, 2, true);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (path.starts_with(zk::kQuotaPrefix)) {
    session.console().error("cannot set a quota under the path: " + std::string(zk::kQuotaPrefix));
    return {};
  }
  const auto quota = limit_of(session, *a);
  if (!quota) return {};
  return create_quota(session, path, *quota);
}

Outcome zk_list_quota(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("listquota"), words, {}, 2);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  session.console().error("absolute path is " + limits_path(path));
  KeeperCode code = KeeperCode::kOk;
  auto limit = read_track(session, limits_path(path), code);
  auto now = limit ? read_track(session, stats_path(path), code) : limit;
  if (!now) {
    if (code != KeeperCode::kNoNode) return std::unexpected(now.error());
    session.console().error("quota for " + path + " does not exist.");
    return {};
  }
  session.console().print("Output quota for " + path + " " + limit->text() + "\n");
  session.console().print("Output stat for " + path + " " + now->text() + "\n");
  return {};
}

Outcome zk_del_quota(CliSession& session, const Words& words) {
  const auto a = parse_command(*find_zk_command("delquota"), words, kDeleteOptions, 2);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(limits_path(path)); !o) return o;
  KeeperCode code = KeeperCode::kOk;
  auto limit = read_track(session, limits_path(path), code);
  if (!limit) {
    if (code != KeeperCode::kNoNode) return std::unexpected(limit.error());
    session.console().print("Quota does not exist for " + path + "\n");
    return {};
  }
  if (a->options.empty()) return delete_quota(session, path);
  for (const auto& [option, key] : kKeys) {
    if (a->has(option)) limit->set(key, -1);
  }
  return outcome_of(session.tell(OpCode::kSetData, zk::SetDataRequest{session.full(limits_path(path)),
                                                                      Slice::copy_of(limit->text()), -1}),
                    limits_path(path));
}

}  // namespace kz::cmd
