// java.util.Properties text: server.properties, zoo.cfg, meta.properties, --command-config files.
// Grammar: Properties.load (Java SE documentation): comments # and !, separators = : or white space, \ continuation,
// \uXXXX and \n \t \r \f escapes. Bytes above 0x7f are taken as UTF-8 (Java reads ISO-8859-1 unless given a Reader).
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace kz {

struct Property {
  std::string key;
  std::string value;
  int line = 0;  // 1-based, where the logical line starts
};

// All assignments in file order (duplicates kept; the last wins). Error detail: line number of a bad \u escape.
Result<std::vector<Property>> parse_properties(std::string_view text);

// Last assignment wins.
std::map<std::string, std::string> to_map(const std::vector<Property>& properties);

}  // namespace kz
