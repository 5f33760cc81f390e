// What zk-cli prints and reads of ZooKeeper's values: stats, ACLs, paths and errors, in Apache's words.
// Source: StatPrinter.java, AclParser.java, CliWrapperException.java, KeeperException.java, PathUtils.java @ 3.8.0.
// Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/zk/error.h"
#include "core/zk/proto.h"

namespace kz::cmd {

// "scheme:id:perms,..."; complaints about parts that are none go to `complaints`.
std::vector<zk::Acl> parse_acl(std::string_view text, std::vector<std::string>& complaints);
std::string perm_letters(int32_t perms);
// java.util.Date.toString(): "Sun Nov 22 02:49:21 UTC 2026".
std::string java_date(int64_t wall_ms);
// The eleven lines of a stat.
std::string format_stat(const zk::Stat& stat);
// "NoNode", "Session expired": what stands behind "KeeperErrorCode = ".
const char* keeper_message(zk::KeeperCode code);
// "KeeperErrorCode = NoNode for /p"; without a path when it is empty.
std::string keeper_error_code(zk::KeeperCode code, const std::string& path);
// As CliWrapperException says it: "Node does not exist: /p". path "null": the error knows none.
std::string zk_error_text(zk::KeeperCode code, const std::string& path);
// Why a path is none, in Java's words; empty when it is one.
std::string path_problem(std::string_view path);

}  // namespace kz::cmd
