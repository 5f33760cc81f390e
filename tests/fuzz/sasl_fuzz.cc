// Fuzzes what SASL reads: JAAS files, DIGEST-MD5 challenges and responses, packets between servers. Nobody is
// authenticated by chance.
#include "core/base/check.h"
#include "core/zab/quorum_auth.h"
#include "core/zk/jaas.h"
#include "core/zk/jvm_flags.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kz;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto file = zk::parse_jaas(text); file) {
    for (const auto& [section, entries] : *file) {
      (void)zk::jaas_users(*file, section);
      (void)zk::jaas_login(*file, section);
    }
  } else {
    KZ_ASSERT(!file.error().empty());
  }
  (void)zk::jvm_properties(text);

  static const zk::SaslUsers users{{"bob", "secret"}};
  zk::DigestMd5Server server(zk::kClientSaslService, users, "nonce");
  (void)server.step({});
  KZ_ASSERT(server.step(text).kind == zk::SaslStep::Kind::kFailed);
  zk::DigestMd5Client client(zk::kClientSaslService, "bob", "secret", "cnonce");
  if (client.step(text).kind == zk::SaslStep::Kind::kContinue) {
    KZ_ASSERT(client.step(text).kind == zk::SaslStep::Kind::kFailed);
  }

  zab::QuorumAuth peers[] = {zab::QuorumAuth::server(users, true, "nonce"),
                             zab::QuorumAuth::learner("bob", "secret", "cnonce")};
  for (zab::QuorumAuth& peer : peers) {
    std::string in = text;
    for (size_t before = in.size() + 1; in.size() < before;) {
      before = in.size();
      const auto step = peer.on_bytes(in);
      KZ_ASSERT(step.state != zab::QuorumAuth::State::kDone);
      if (step.state == zab::QuorumAuth::State::kFailed) break;
    }
  }
  return 0;
}
