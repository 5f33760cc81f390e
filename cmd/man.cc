// man pages and completions, from the same tables as --help.
#include <string>
#include <vector>

#include "cmd/help.h"

namespace kz::cmd {
namespace {

// Roff: a leading dot or quote would be a request; backslash and hyphen have meanings.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string header(std::string_view title) {
  return ".TH " + std::string(title) + " 1 \"\" \"kz " KZ_VERSION "\" \"kz manual\"\n";
}

// Single quotes are closed, escaped and opened again.
std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string fish_quote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string option_words(const Command& command) {
  std::string out;
  for (const Option& o : command.options) out += "--" + std::string(o.name) + " ";
  return out + "--help";
}

std::string first_sentence(std::string_view help) {
  const size_t end = help.find_first_of(".;\n");
  return std::string(help.substr(0, end));
}

}  // namespace

std::string man_page(const Command& command) {
  std::string out = header("KZ-" + std::string(command.name));
  out += ".SH NAME\nkz\\-" + roff(command.name) + " \\- " + roff(command.summary) + "\n";
  out += ".SH SYNOPSIS\n.B kz " + roff(command.name) + "\n" + roff(command.synopsis) + "\n";
  if (command.description[0] != '\0') out += ".SH DESCRIPTION\n" + roff(command.description) + "\n";
  if (!command.options.empty()) {
    out += ".SH OPTIONS\n";
    for (const Option& o : command.options) {
      out += ".TP\n.B \\-\\-" + roff(o.name);
      if (o.kind != ArgKind::kFlag) out += " \\fI" + roff(o.metavar[0] != '\0' ? o.metavar : "String") + "\\fR";
      out += "\n" + roff(o.help);
      if (o.default_value[0] != '\0') out += " Default: " + roff(o.default_value) + ".";
      if (o.required) out += " Required.";
      if (o.repeatable) out += " May be repeated.";
      if (o.deprecated != nullptr) out += " Deprecated: use " + roff(o.deprecated) + ".";
      out += "\n";
    }
  }
  if (!command.aliases.empty()) {
    out += ".SH ALSO CALLED AS\n";
    for (const char* alias : command.aliases) out += ".B " + roff(alias) + "\n.br\n";
  }
  return out + ".SH SEE ALSO\n.BR kz (1)\n";
}

std::string man_overview() {
  std::string out = header("KZ");
  out += ".SH NAME\nkz \\- ZooKeeper and Kafka, servers and tools, in one binary\n";
  out += ".SH SYNOPSIS\n.B kz\n.I COMMAND\n[\\fIOPTION\\fR]...\n.SH COMMANDS\n";
  for (const Command* c : commands()) out += ".TP\n.BR kz\\-" + roff(c->name) + " (1)\n" + roff(c->summary) + "\n";
  return out;
}

std::string bash_completion() {
  std::string names;
  std::string cases;
  std::string all_aliases = "kz";
  for (const Command* c : commands()) {
    names += (names.empty() ? "" : " ") + std::string(c->name);
    std::string pattern = c->name;
    for (const char* alias : c->aliases) {
      pattern += "|" + std::string(alias);
      all_aliases += " " + std::string(alias);
    }
    cases += "    " + pattern + ") words=" + shell_quote(option_words(*c)) + " ;;\n";
  }
  return "# bash completion for kz and its script names.\n"
         "_kz() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[0]##*/} words\n"
         "  if [[ $name == kz ]]; then\n"
         "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
         "      COMPREPLY=($(compgen -W " +
         shell_quote(names + " help") +
         " -- \"$cur\"))\n"
         "      return\n"
         "    fi\n"
         "    name=${COMP_WORDS[1]}\n"
         "  fi\n"
         "  case $name in\n"
         "    help) words=" +
         shell_quote(names) + " ;;\n" + cases +
         "  esac\n"
         "  if [[ $cur == -* || $name == help ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _kz " +
         all_aliases + "\n";
}

std::string zsh_completion() {
  std::string compdef = "#compdef kz";
  std::string names;
  std::string cases;
  for (const Command* c : commands()) {
    names += "    " + shell_quote(std::string(c->name) + ":" + c->summary) + "\n";
    std::string pattern = c->name;
    for (const char* alias : c->aliases) {
      compdef += " " + std::string(alias);
      pattern += "|" + std::string(alias);
    }
    cases += "    " + pattern + ") compadd -- " + option_words(*c) + "; _files ;;\n";
  }
  return compdef +
         "\n# zsh completion for kz and its script names.\n"
         "_kz() {\n"
         "  local -a names\n"
         "  names=(\n" +
         names +
         "  )\n"
         "  local name=${words[1]:t}\n"
         "  if [[ $name == kz ]]; then\n"
         "    if (( CURRENT == 2 )); then\n"
         "      _describe command names\n"
         "      return\n"
         "    fi\n"
         "    name=${words[2]}\n"
         "  fi\n"
         "  case $name in\n"
         "    help) _describe command names ;;\n" +
         cases +
         "  esac\n"
         "}\n"
         "_kz \"$@\"\n";
}

std::string fish_completion() {
  std::string out = "# fish completion for kz and its script names.\n";
  for (const Command* c : commands()) {
    out += "complete -c kz -n __fish_use_subcommand -f -a " + std::string(c->name) + " -d " + fish_quote(c->summary) +
           "\n";
    for (const Option& o : c->options) {
      const std::string tail = " -l " + std::string(o.name) + (o.kind == ArgKind::kFlag ? "" : " -r") + " -d " +
                               fish_quote(first_sentence(o.help)) + "\n";
      out += "complete -c kz -n '__fish_seen_subcommand_from " + std::string(c->name) + "'" + tail;
      for (const char* alias : c->aliases) out += "complete -c " + std::string(alias) + tail;
    }
  }
  return out;
}

}  // namespace kz::cmd
