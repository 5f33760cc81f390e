// Four-letter words: the text of each, from plain data. Source: FourLetterCommands, server/command/*Command @ 3.8.0.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/zk/server_info.h"

namespace kz::zk {

// The word whose four bytes (big endian, as a frame length is read) these are; empty when none. Check it on the first
// four bytes of a fresh connection only.
std::string_view four_letter_word(int32_t first_bytes);
// The same by its text.
std::string_view four_letter_word(std::string_view text);
// The first bytes of a telnet client that closes; Java has it among its words, and nothing behind it.
inline constexpr std::string_view kTelnetClose = "telnet close";
// What stmk sets: the eight bytes that follow the word, big endian. nullopt: too few came with it.
std::optional<int64_t> trace_mask_of(std::string_view args);
// "*" in the list enables all; isro is enabled with read-only mode.
bool four_letter_enabled(std::string_view word, const ZooConfig& config);

InfoNeeds four_letter_needs(std::string_view word);

// The answer. crst and srst are acted on by the caller. A word that is not enabled gives the refusal line.
std::string four_letter_answer(std::string_view word, const ServerInfo& info);

}  // namespace kz::zk
