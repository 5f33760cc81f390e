// What people read of a command: --help, man pages and shell completions, all made from the option table.
#pragma once
#include <string>

#include "cmd/command.h"

namespace kz::cmd {

// The two columns `Option` / `Description` as joptsimple prints them, 80 wide.
std::string option_columns(const Command& command);
// `kz help COMMAND` and `COMMAND --help`.
std::string command_help(const Command& command);
// `kz help`.
std::string overview();
// man/kz-COMMAND.1 and man/kz.1 (roff).
std::string man_page(const Command& command);
std::string man_overview();
// completions/kz.bash, _kz (zsh), kz.fish: cover kz and every alias.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace kz::cmd
