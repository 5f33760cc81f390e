// The texts of a configuration that changes at run time:
//   <zoo.cfg>                        what does not change, and dynamicConfigFile=<path of the next one>
//   <zoo.cfg>.dynamic.<version hex>  the members in force, sorted lines, the version in the name alone
//   <zoo.cfg>.dynamic.next           the members proposed last, version line included; gone when they are in force
//   <zoo.cfg>.bak                    zoo.cfg as it was when it still had the members in it
// Source: QuorumPeerConfig.writeDynamicConfig, editStaticConfig, getVersionFromFilename @ 3.8.0. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/zk/quorum_config.h"

namespace kz::zk {

std::string dynamic_config_name(const std::string& config_file, int64_t version);
std::string next_config_name(const std::string& config_file);
// The hexadecimal number behind the last dot; nullopt when that is none.
std::optional<int64_t> version_in_name(std::string_view file);

std::string dynamic_config_text(const QuorumConfig& config, bool with_version);
// zoo.cfg without members, peer type and (erase_client_port) client port, with the pointer to dynamic_file. Comments
// and order stay, which Java's rewriting loses.
std::string static_config_text(std::string_view text, const std::string& dynamic_file, bool erase_client_port);

}  // namespace kz::zk
