#include "cmd/server/zookeeper_options.h"

#include <openssl/rand.h>

#include "core/base/check.h"

namespace kz::server {

storage::zk::DataDirOptions data_dir_options(const zk::ZooConfig& config) {
  storage::zk::DataDirOptions options;
  options.data_dir = config.data_dir;
  options.data_log_dir = config.data_log_dir.empty() ? config.data_dir : config.data_log_dir;
  options.create_directories = config.datadir_autocreate;
  options.create_database = config.db_autocreate;
  options.trust_empty_snapshot = config.snapshot_trust_empty;
  options.compression = storage::zk::compression_of(config.snapshot_compression);
  options.log.preallocate_bytes = config.pre_alloc_size_kb * 1024;
  options.log.size_limit_bytes = config.txn_log_size_limit_kb > 0 ? config.txn_log_size_limit_kb * 1024 : 0;
  options.log.force_sync = config.force_sync;
  return options;
}

zk::TreeOptions tree_options(const zk::ZooConfig& config) {
  return {config.digest_enabled, config.extended_types_enabled, config.emulate_353_ttl_nodes};
}

std::string random_bytes(size_t n) {
  std::string out(n, '\0');
  KZ_ASSERT_MSG(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(n)) == 1,
                "the system gives no random bytes");
  return out;
}

}  // namespace kz::server
