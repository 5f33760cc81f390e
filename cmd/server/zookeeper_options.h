// What a zoo.cfg says to the data directory, the tree and the client port.
#pragma once
#include "core/zk/config.h"
#include "core/zk/tree.h"
#include "net/zk_link.h"
#include "storage/zk/data_dir.h"

namespace kz::server {

storage::zk::DataDirOptions data_dir_options(const zk::ZooConfig& config);
zk::TreeOptions tree_options(const zk::ZooConfig& config);
// Unpredictable bytes for SASL challenges.
std::string random_bytes(size_t n);

}  // namespace kz::server
