// Paths of znodes: their legal form, their parts. Source: PathUtils.validatePath @ 3.8.0. Pure.
#pragma once
#include <string>
#include <string_view>

namespace kz::zk {

inline constexpr std::string_view kQuotaPrefix = "/zookeeper/quota";
inline constexpr std::string_view kConfigNode = "/zookeeper/config";
inline constexpr std::string_view kLimitsNode = "zookeeper_limits";
inline constexpr std::string_view kStatsNode = "zookeeper_stats";

// Empty when legal, else why not (one of Java's phrases).
std::string_view path_problem(std::string_view path);
inline bool path_valid(std::string_view path) { return path_problem(path).empty(); }
// "/", /zookeeper, /zookeeper/quota, /zookeeper/config: never deleted.
bool special_path(std::string_view path);
// "/a/b" -> "/a"; "/a" -> "". The path has a slash.
inline std::string_view parent_path(std::string_view path) { return path.substr(0, path.rfind('/')); }
inline std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
// "/" for the root's internal name "".
inline std::string_view shown(std::string_view path) { return path.empty() ? std::string_view("/") : path; }

}  // namespace kz::zk
