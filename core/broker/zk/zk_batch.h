// Several ZooKeeper operations issued at once (the session keeps their order) with one continuation for all answers.
// Thread rule: as ZkPort.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/broker/zk/zk_port.h"

namespace kz::broker {

struct ZkRequest {
  enum class Kind : uint8_t { kCreate, kRemove, kGet, kSet, kExists, kChildren, kMulti };
  Kind kind = Kind::kGet;
  std::string path;
  std::string data;
  int32_t version = -1;
  ZkMode mode = ZkMode::kPersistent;
  bool watch = false;
  std::vector<ZkOp> ops;

  static ZkRequest create(std::string path, std::string data = {}, ZkMode mode = ZkMode::kPersistent);
  static ZkRequest remove(std::string path, int32_t version = -1);
  static ZkRequest get(std::string path, bool watch = false);
  static ZkRequest set(std::string path, std::string data, int32_t version = -1);
  static ZkRequest exists(std::string path, bool watch = false);
  static ZkRequest children(std::string path, bool watch = false);
  static ZkRequest multi(std::vector<ZkOp> ops);
};

using ZkAllDone = std::move_only_function<void(std::vector<ZkResult>)>;
// done gets one result per request, in order. Without requests it runs before the return.
void zk_all(ZkPort& zk, std::vector<ZkRequest> requests, ZkAllDone done);

// Every node below and including `path`, parents first; a missing path gives an empty list.
void zk_list_recursive(ZkPort& zk, std::string path,
                       std::move_only_function<void(ZkCode, std::vector<std::string>)> done);

}  // namespace kz::broker
