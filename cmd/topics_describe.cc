// What --describe prints, and which topics a --topic expression selects. Source: TopicCommand.scala, TopicFilter.scala.
#include <algorithm>

#include "cmd/topics.h"

namespace kz::cmd {
namespace {

std::string join(const std::vector<BrokerId>& ids) {
  std::string out;
  for (BrokerId id : ids) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

bool contains(const std::vector<BrokerId>& ids, BrokerId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// A reassignment may have ended between the two answers; then it counts no more.
size_t replication_factor(const TopicView::Partition& p) {
  if (!p.reassignment) return p.replicas.size();
  const auto& r = *p.reassignment;
  const bool running = std::any_of(p.replicas.begin(), p.replicas.end(),
                                   [&](BrokerId id) { return contains(r.adding, id) || contains(r.removing, id); });
  if (!running) return p.replicas.size();
  return static_cast<size_t>(
      std::count_if(r.replicas.begin(), r.replicas.end(), [&](BrokerId id) { return !contains(r.adding, id); }));
}

bool is_internal(const std::string& topic) { return topic == "__consumer_offsets" || topic == "__transaction_state"; }

}  // namespace

void describe(Output& out, const TopicView& topic, const TopicOptions& o, const std::set<BrokerId>& live) {
  const bool report = o.under_replicated || o.unavailable || o.under_min_isr || o.at_min_isr;
  const std::string marked = topic.marked_for_deletion ? "\tMarkedForDeletion: true" : "";
  if (!report && (!o.overrides || !topic.configs.empty()) && !topic.partitions.empty()) {
    out.put("Topic: " + topic.name);
    if (!topic.id.is_zero()) out.put("\tTopicId: " + topic.id.to_string());
    out.put("\tPartitionCount: " + std::to_string(topic.partitions.size()));
    out.put("\tReplicationFactor: " + std::to_string(replication_factor(topic.partitions.front())));
    out.put("\tConfigs: ");
    for (size_t i = 0; i < topic.configs.size(); ++i) {
      out.put((i == 0 ? "" : ",") + topic.configs[i].first + "=" + topic.configs[i].second);
    }
    out.line(marked);
  }
  if (o.overrides) return;
  for (const auto& p : topic.partitions) {
    const auto isr = static_cast<int64_t>(p.isr.size());
    const bool wanted = !report || (o.under_replicated && replication_factor(p) > p.isr.size()) ||
                        (o.unavailable && (!p.leader || !live.contains(*p.leader))) ||
                        (o.under_min_isr && (!p.leader || (topic.min_isr && isr < *topic.min_isr))) ||
                        (o.at_min_isr && topic.min_isr && isr == *topic.min_isr);
    if (!wanted) continue;
    out.put("\tTopic: " + topic.name + "\tPartition: " + std::to_string(p.id) +
            "\tLeader: " + (p.leader ? std::to_string(*p.leader) : "none") + "\tReplicas: " + join(p.replicas) +
            "\tIsr: " + join(p.isr));
    if (p.reassignment) {
      out.put("\tAdding Replicas: " + join(p.reassignment->adding) +
              "\tRemoving Replicas: " + join(p.reassignment->removing));
    }
    out.line(marked);
  }
}

std::expected<TopicFilter, TopicError> TopicFilter::parse(const std::optional<std::string>& expression) {
  TopicFilter filter;
  if (!expression) return filter;
  std::string text;
  for (char c : *expression) {
    if (c == ' ') continue;
    text += c == ',' ? '|' : c;
  }
  const auto quote = [](char c) { return c == '"' || c == '\''; };
  while (!text.empty() && quote(text.front())) text.erase(text.begin());
  while (!text.empty() && quote(text.back())) text.pop_back();
  filter.text_ = text;
  auto regex = JavaRegex::compile(text);
  if (!regex) {
    return std::unexpected(TopicError{"java.lang.RuntimeException", text + " is an invalid regex.", regex.error()});
  }
  filter.regex_ = std::move(*regex);
  return filter;
}

bool TopicFilter::allows(const std::string& topic, bool exclude_internal) const {
  if (exclude_internal && is_internal(topic)) return false;
  if (!regex_) return true;
  return text_ == topic || regex_->matches(topic);
}

std::expected<std::vector<std::string>, TopicError> select_topics(const std::vector<std::string>& all,
                                                                  const TopicOptions& options) {
  const auto filter = TopicFilter::parse(options.topic);
  if (!filter) return std::unexpected(filter.error());
  std::vector<std::string> out;
  for (const auto& topic : all) {
    if (filter->allows(topic, options.exclude_internal)) out.push_back(topic);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace kz::cmd
