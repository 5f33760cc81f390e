// A reconfig request with any texts: what is accepted is a configuration that prints and parses to itself and has no
// conflict; and the files that a configuration is kept in. Input: joining, leaving and new members, zero bytes between.
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/zk/dynamic_config.h"
#include "core/zk/reconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace kz;
using namespace kz::zk;

struct Three final : Membership {
  Three() {
    auto parsed = parse_quorum_config(
        "server.1=127.0.0.1:2888:3888:participant;0.0.0.0:2181\nserver.2=127.0.0.1:2889:3889:participant\n"
        "server.3=127.0.0.1:2890:3890:participant\nserver.4=127.0.0.1:2891:3891:observer\nversion=100000000");
    KZ_ASSERT(parsed.has_value());
    members = *parsed;
  }
  const QuorumConfig& config() const override { return members; }
  const QuorumConfig& last_seen() const override { return members; }
  bool quorum_synced(const QuorumConfig&) const override { return true; }
  QuorumConfig members;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Three kMembership;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '\0' && parts.size() < 3) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parts.resize(3);
  ReconfigRequest request;
  // An empty text is an absent one half of the time: both are sent by clients.
  const auto text_or_null = [&](std::string& part) -> NullableString {
    if (part.empty() && size % 2 == 0) return std::nullopt;
    return std::move(part);
  };
  request.joining = text_or_null(parts[0]);
  request.leaving = text_or_null(parts[1]);
  request.new_members = text_or_null(parts[2]);
  for (const bool alone : {false, true}) {
    const auto accepted = reconfigured(request, 0x200000001, kMembership, {alone, alone});
    if (!accepted) continue;
    KZ_ASSERT(accepted->version == 0x200000001 && !accepted->empty());
    KZ_ASSERT(accepted->conflict().empty() && check_quorum_config(*accepted).empty());
    const auto again = parse_quorum_config(accepted->text());
    KZ_ASSERT(again.has_value() && again->text() == accepted->text());
    const auto kept = parse_quorum_config(dynamic_config_text(*accepted, true));
    KZ_ASSERT(kept.has_value() && kept->text() == accepted->text());
  }
  version_in_name(text);
  const std::string rewritten = static_config_text(text, "/conf/zoo.cfg.dynamic.1", true);
  KZ_ASSERT(rewritten.find("dynamicConfigFile") != std::string::npos);
  return 0;
}
