// Fuzzes zoo.cfg, JVM flags and quorum configuration texts. An accepted quorum text prints and parses to itself.
// A zoo.cfg that is rewritten for a dynamic file keeps every key but the members'.
#include "core/base/check.h"
#include "core/base/properties.h"
#include "core/zk/config.h"
#include "core/zk/dynamic_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz::zk;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_zoo_config({"zoo.cfg", text, text, "dynamic", text});
  if (!config) KZ_ASSERT(!config.error().message.empty());
  if (const auto before = kz::parse_properties(text)) {
    const auto after = kz::parse_properties(static_config_text(text, "/d", true));
    KZ_ASSERT(after.has_value() && !after->empty() && after->back().value == "/d");
    size_t kept = 0;
    for (const kz::Property& p : *before) {
      const auto named = [&p](const char* prefix) { return p.key.starts_with(prefix); };
      const bool gone = named("server.") || named("group") || named("weight") || named("dynamicConfigFile") ||
                        named("peerType") || p.key == "clientPort" || p.key == "clientPortAddress";
      if (gone) continue;
      KZ_ASSERT(kept < after->size() && (*after)[kept].key == p.key && (*after)[kept].value == p.value);
      ++kept;
    }
    KZ_ASSERT(kept + 1 == after->size());
  }
  const auto quorum = parse_quorum_config(text);
  if (quorum && !quorum->empty()) {
    const auto again = parse_quorum_config(quorum->text());
    KZ_ASSERT(again.has_value() && again->text() == quorum->text());
  }
  return 0;
}
