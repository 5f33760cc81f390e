// Legal topic names. Source: Topic.java @ 3.4.0.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace kz::broker {

// Why a name is illegal, in Java's words; nullopt: legal.
std::optional<std::string> topic_name_problem(std::string_view name);
inline bool valid_topic_name(std::string_view name) { return !topic_name_problem(name); }
// Metrics replace '.' by '_', so that "a.b" and "a_b" would meet.
bool topic_names_collide(std::string_view a, std::string_view b);

}  // namespace kz::broker
