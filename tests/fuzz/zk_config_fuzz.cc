// Fuzzes zoo.cfg, JVM flags and quorum configuration texts. An accepted quorum text prints and parses to itself.
#include "core/base/check.h"
#include "core/zk/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz::zk;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_zoo_config({"zoo.cfg", text, text, "dynamic", text});
  if (!config) KZ_ASSERT(!config.error().message.empty());
  const auto quorum = parse_quorum_config(text);
  if (quorum && !quorum->empty()) {
    const auto again = parse_quorum_config(quorum->text());
    KZ_ASSERT(again.has_value() && again->text() == quorum->text());
  }
  return 0;
}
