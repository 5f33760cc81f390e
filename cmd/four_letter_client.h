// Asks a server one four-letter word, as FourLetterWordMain does: connect, send, read to the end.
#pragma once
#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace kz::cmd {

// Blocks for at most timeout_ms in all. host: a name or an address; each of its addresses is tried.
Result<std::string> ask_four_letter_word(const std::string& host, const std::string& port, const std::string& word,
                                         int timeout_ms = 5000);

}  // namespace kz::cmd
