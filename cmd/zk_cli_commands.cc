// zk-cli's commands. Source: cli/*.java @ release-3.8.0.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>

#include "cmd/zk_cli.h"
#include "cmd/zk_cli_session.h"
#include "core/zk/jute.h"

namespace kz::cmd {
namespace {

using zk::KeeperCode;
using Reply = CliSession::Reply;

constexpr int kNotFoundStatus = 127;

constexpr std::pair<const char*, const char*> kUsages[] = {{"addauth", "scheme auth"},
                                                           {"close", ""},
                                                           {"config", "[-c] [-w] [-s]"},
                                                           {"create", "[-s] [-e] [-c] [-t ttl] path [data] [acl]"},
                                                           {"delete", "[-v version] path"},
                                                           {"deleteall", "path [-b batch size]"},
                                                           {"get", "[-s] [-w] path"},
                                                           {"getAcl", "[-s] path"},
                                                           {"getAllChildrenNumber", "path"},
                                                           {"getEphemerals", "path"},
                                                           {"ls", "[-s] [-w] [-R] path"},
                                                           {"quit", ""},
                                                           {"set", "[-s] [-v version] path data"},
                                                           {"setAcl", "[-s] [-v version] [-R] path acl"},
                                                           {"stat", "[-w] path"},
                                                           {"sync", "path"},
                                                           {"version", ""},
                                                           {"whoami", ""}};

// What went wrong in a command: its text on stderr, and the exit status.
struct CliError {
  std::string message;
  int status = 1;
};
using Outcome = std::expected<void, CliError>;

class Commands {
 public:
  explicit Commands(CliSession& session) : session_(session) {}

  int execute(const std::vector<std::string>& args, bool& quit) {
    static const std::map<std::string_view, Outcome (Commands::*)(const std::vector<std::string>&)> kRuns = {
        {"ls", &Commands::ls},
        {"ls2", &Commands::ls2},
        {"create", &Commands::create},
        {"get", &Commands::get},
        {"set", &Commands::set},
        {"delete", &Commands::remove},
        {"deleteall", &Commands::remove_all},
        {"rmr", &Commands::remove_all},
        {"stat", &Commands::stat},
        {"getAcl", &Commands::get_acl},
        {"setAcl", &Commands::set_acl},
        {"addauth", &Commands::add_auth},
        {"sync", &Commands::sync},
        {"config", &Commands::config},
        {"getEphemerals", &Commands::ephemerals},
        {"getAllChildrenNumber", &Commands::all_children},
        {"whoami", &Commands::who_am_i},
        {"version", &Commands::version}};
    if (args.empty()) return 0;
    if (args[0] == "quit") {
      quit = true;
      return 0;
    }
    if (args[0] == "close") {
      session_.close();
      return 0;
    }
    const auto found = kRuns.find(args[0]);
    Outcome outcome;
    if (found == kRuns.end()) {
      print_zk_usage();
      outcome = std::unexpected(CliError{"Command not found: Command not found " + args[0], kNotFoundStatus});
    } else if (!session_.open() && args[0] != "version") {
      print("Not connected\n");
      return 0;
    } else {
      outcome = (this->*found->second)(args);
    }
    flush();
    if (outcome) return 0;
    std::fprintf(stderr, "%s\n", outcome.error().message.c_str());
    return outcome.error().status;
  }

 private:
  // ---- commands ----
  static std::unexpected<CliError> fail(std::string message) { return std::unexpected(CliError{std::move(message)}); }
  static std::unexpected<CliError> usage_of(std::string_view name) {
    for (const auto& [n, text] : kUsages) {
      if (name == n) return fail(std::string(n) + " " + text);
    }
    return fail(std::string(name));
  }
  // The command's options and its path, both checked.
  static std::expected<ZkArgs, CliError> parse(const std::vector<std::string>& args, std::string_view flags,
                                               std::string_view valued, size_t words) {
    auto parsed = parse_zk_args(args, flags, valued);
    if (!parsed) return fail(parsed.error());
    if (parsed->words.size() < words)
      return usage_of(args[0] == "rmr" ? "deleteall" : args[0] == "ls2" ? "ls" : args[0]);
    if (words >= 2) {
      if (std::string problem = path_problem(parsed->words[1]); !problem.empty()) return fail(problem);
    }
    return std::move(*parsed);
  }
  static std::expected<int32_t, CliError> version_of(const ZkArgs& args) {
    const std::string* text = args.value('v');
    if (text == nullptr) return -1;
    char* end = nullptr;
    const long value = std::strtol(text->c_str(), &end, 10);
    if (text->empty() || *end != '\0') return fail("For input string: \"" + *text + "\"");
    return static_cast<int32_t>(value);
  }
  static std::string bracketed(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    std::string out = "[";
    for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ", ") + names[i];
    return out + "]\n";
  }

  Outcome list(const std::vector<std::string>& args, bool with_stat) {
    auto a = parse(args, "swR", "", 2);
    if (!a) return std::unexpected(a.error());
    const std::string& path = a->words[1];
    if (a->has('R')) return list_tree(path);
    Reply r = children_of(path, a->has('w'));
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, path));
    print(bracketed(std::move(r.names)));
    if (with_stat || a->has('s')) print(format_stat(r.stat));
    return {};
  }
  Outcome ls(const std::vector<std::string>& args) { return list(args, false); }
  Outcome ls2(const std::vector<std::string>& args) {
    std::fputs("'ls2' has been deprecated. Please use 'ls [-s] path' instead.\n", stderr);
    return list(args, true);
  }
  // All children of a node before any of their children.
  Outcome list_tree(const std::string& path) {
    Reply r = children_of(path);
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, path));
    print(path + "\n");
    std::function<void(const std::string&, std::vector<std::string>)> show = [&](const std::string& at,
                                                                                 std::vector<std::string> names) {
      std::sort(names.begin(), names.end());
      const std::string prefix = at == "/" ? "/" : at + "/";
      for (const auto& n : names) print(prefix + n + "\n");
      for (const auto& n : names) {
        Reply below = children_of(prefix + n);
        if (below.code == KeeperCode::kOk) show(prefix + n, std::move(below.names));
      }
    };
    show(path, std::move(r.names));
    return {};
  }

  Outcome create(const std::vector<std::string>& args) {
    auto parsed = parse_zk_args(args, "sec", "t");
    if (!parsed) return fail(parsed.error());
    if (parsed->words.size() < 2) return usage_of("create");
    const ZkArgs& a = *parsed;
    const bool sequential = a.has('s'), ephemeral = a.has('e'), container = a.has('c');
    const std::string* ttl = a.value('t');
    int64_t ttl_ms = 0;
    if (ttl != nullptr) {
      char* end = nullptr;
      ttl_ms = std::strtoll(ttl->c_str(), &end, 10);
      if (ttl->empty() || *end != '\0') return fail("-t argument must be a long value");
    }
    if (container && (sequential || ephemeral))
      return fail("-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.");
    if (ttl != nullptr && ephemeral) return fail("TTLs cannot be used with Ephemeral znodes");
    if (ttl != nullptr && container) return fail("TTLs cannot be used with Container znodes");
    const std::string& path = a.words[1];
    // A sequential node's name may be empty: "/a/" becomes "/a/0000000000".
    if (std::string problem = path_problem(sequential ? path + "1" : path); !problem.empty()) return fail(problem);
    std::vector<std::string> complaints;
    const auto acl = a.words.size() > 3 ? parse_acl(a.words[3], complaints) : zk::open_acl();
    for (const auto& c : complaints) std::fprintf(stderr, "%s\n", c.c_str());
    const int32_t flags = container        ? 4
                          : ttl != nullptr ? (sequential ? 6 : 5)
                                           : (ephemeral ? 1 : 0) + (sequential ? 2 : 0);
    std::optional<std::string> data;
    if (a.words.size() > 2) data = a.words[2];
    Reply r = call([&](auto done) {
      auto reply = [done](KeeperCode c, std::string made, const zk::Stat& s) {
        done(Reply{.code = c, .path = std::move(made), .stat = s});
      };
      if (ttl != nullptr) {
        session_.zk().create_ttl(path, data.value_or(""), acl, flags, ttl_ms, reply);
      } else if (container) {
        session_.zk().create2(path, data.value_or(""), acl, flags, reply);
      } else if (data) {
        session_.zk().create(path, *data, acl, flags, reply);
      } else {
        session_.zk().create_null(path, acl, flags, reply);
      }
    });
    if (r.code == KeeperCode::kUnimplemented && ttl != nullptr) {
      return fail("This server does not support TTL nodes: extendedTypesEnabled is off");
    }
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, path));
    flush();
    std::fprintf(stderr, "Created %s\n", r.path.c_str());
    return {};
  }

  Outcome get(const std::vector<std::string>& args) {
    auto a = parse(args, "sw", "", 2);
    if (!a) return std::unexpected(a.error());
    const std::string& path = a->words[1];
    Reply r = call([&](auto done) {
      session_.zk().get(path, watcher(a->has('w')),
                        [done](KeeperCode c, std::optional<std::string> data, const zk::Stat& s) {
                          done(Reply{.code = c, .data = std::move(data), .stat = s});
                        });
    });
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, path));
    print(r.data.value_or("null") + "\n");
    if (a->has('s')) print(format_stat(r.stat));
    return {};
  }

  Outcome set(const std::vector<std::string>& args) {
    auto a = parse(args, "s", "v", 3);
    if (!a) return std::unexpected(a.error());
    auto version = version_of(*a);
    if (!version) return std::unexpected(version.error());
    Reply r = call([&](auto done) {
      session_.zk().set(a->words[1], a->words[2], *version,
                        [done](KeeperCode c, const zk::Stat& s) { done(Reply{.code = c, .stat = s}); });
    });
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, a->words[1]));
    if (a->has('s')) print(format_stat(r.stat));
    return {};
  }

  Outcome remove(const std::vector<std::string>& args) {
    auto a = parse(args, "", "v", 2);
    if (!a) return std::unexpected(a.error());
    auto version = version_of(*a);
    if (!version) return std::unexpected(version.error());
    const KeeperCode code = remove_one(a->words[1], *version);
    if (code != KeeperCode::kOk) return fail(zk_error_text(code, a->words[1]));
    return {};
  }
  KeeperCode remove_one(const std::string& path, int32_t version = -1) {
    return call([&](auto done) {
             session_.zk().remove(path, version, [done](KeeperCode c) { done(Reply{.code = c}); });
           })
        .code;
  }

  Outcome remove_all(const std::vector<std::string>& args) {
    if (args[0] == "rmr") {
      std::fputs("The command 'rmr' has been deprecated. Please use 'deleteall' instead.\n", stderr);
    }
    auto a = parse(args, "", "b", 2);
    if (!a) return std::unexpected(a.error());
    std::vector<std::string> tree{a->words[1]};
    for (size_t i = 0; i < tree.size(); ++i) {
      Reply r = children_of(tree[i]);
      if (r.code == KeeperCode::kNoNode && i > 0) continue;
      if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, tree[i]));
      for (const auto& n : r.names) tree.push_back((tree[i] == "/" ? "/" : tree[i] + "/") + n);
    }
    bool all = true;
    for (auto it = tree.rbegin(); it != tree.rend(); ++it) {
      if (*it == "/" || *it == "/zookeeper" || it->starts_with("/zookeeper/")) continue;
      const KeeperCode code = remove_one(*it);
      all = all && (code == KeeperCode::kOk || code == KeeperCode::kNoNode);
    }
    if (!all) std::fputs("Failed to delete some node(s) in the subtree!\n", stderr);
    return {};
  }

  Outcome stat(const std::vector<std::string>& args) {
    auto a = parse(args, "w", "", 2);
    if (!a) return std::unexpected(a.error());
    Reply r = stat_of(a->words[1], a->has('w'));
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, a->words[1]));
    print(format_stat(r.stat));
    return {};
  }

  Outcome get_acl(const std::vector<std::string>& args) {
    auto a = parse(args, "s", "", 2);
    if (!a) return std::unexpected(a.error());
    Reply r = call([&](auto done) {
      session_.zk().get_acl(a->words[1], [done](KeeperCode c, std::vector<zk::Acl> acl, const zk::Stat& s) {
        done(Reply{.code = c, .acl = std::move(acl), .stat = s});
      });
    });
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, a->words[1]));
    for (const auto& acl : r.acl) {
      print("'" + acl.id.scheme + ",'" + acl.id.id + "\n: " + perm_letters(acl.perms) + "\n");
    }
    if (a->has('s')) print(format_stat(r.stat));
    return {};
  }

  Outcome set_acl(const std::vector<std::string>& args) {
    auto a = parse(args, "sR", "v", 3);
    if (!a) return std::unexpected(a.error());
    auto version = version_of(*a);
    if (!version) return std::unexpected(version.error());
    std::vector<std::string> complaints;
    const auto acl = parse_acl(a->words[2], complaints);
    for (const auto& c : complaints) std::fprintf(stderr, "%s\n", c.c_str());
    std::vector<std::string> paths{a->words[1]};
    for (size_t i = 0; a->has('R') && i < paths.size(); ++i) {
      Reply below = children_of(paths[i]);
      if (below.code == KeeperCode::kNoNode && i > 0) continue;
      if (below.code != KeeperCode::kOk) return fail(zk_error_text(below.code, paths[i]));
      for (const auto& n : below.names) paths.push_back((paths[i] == "/" ? "/" : paths[i] + "/") + n);
    }
    for (const auto& path : paths) {
      Reply r = call([&](auto done) {
        session_.zk().set_acl(path, acl, *version,
                              [done](KeeperCode c, const zk::Stat& s) { done(Reply{.code = c, .stat = s}); });
      });
      if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, path));
      if (a->has('s')) print(format_stat(r.stat));
    }
    return {};
  }

  Outcome add_auth(const std::vector<std::string>& args) {
    if (args.size() < 2) return usage_of("addauth");
    const std::string auth = args.size() > 2 ? args[2] : "";
    const KeeperCode code = call([&](auto done) {
                              session_.zk().add_auth(args[1], auth, [done](KeeperCode c) { done(Reply{.code = c}); });
                            }).code;
    if (code != KeeperCode::kOk) return fail(zk_error_text(code, ""));
    return {};
  }

  Outcome sync(const std::vector<std::string>& args) {
    auto a = parse(args, "", "", 2);
    if (!a) return std::unexpected(a.error());
    const KeeperCode code = call([&](auto done) {
                              session_.zk().sync(a->words[1], [done](KeeperCode c) { done(Reply{.code = c}); });
                            }).code;
    print(code == KeeperCode::kOk ? "Sync is OK\n"
                                  : "Sync has failed. rc=" + std::to_string(static_cast<int>(code)) + "\n");
    return {};
  }

  Outcome config(const std::vector<std::string>& args) {
    auto a = parse(args, "csw", "", 1);
    if (!a) return std::unexpected(a.error());
    Reply r = call([&](auto done) {
      session_.zk().get("/zookeeper/config", watcher(a->has('w')),
                        [done](KeeperCode c, std::optional<std::string> data, const zk::Stat& s) {
                          done(Reply{.code = c, .data = std::move(data), .stat = s});
                        });
    });
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, "/zookeeper/config"));
    print(r.data.value_or("") + "\n");
    if (a->has('s')) print(format_stat(r.stat));
    return {};
  }

  Outcome ephemerals(const std::vector<std::string>& args) {
    const std::string prefix = args.size() > 1 ? args[1] : "/";
    if (std::string problem = path_problem(prefix); !problem.empty()) return fail(problem);
    Reply r = raw(zk::OpCode::kGetEphemerals, zk::jute::encode(zk::GetEphemeralsRequest{prefix}));
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, prefix));
    auto list = zk::jute::decode<zk::GetEphemeralsResponse>(r.body);
    print(bracketed(list ? list->items : std::vector<std::string>{}));
    return {};
  }

  Outcome all_children(const std::vector<std::string>& args) {
    auto a = parse(args, "", "", 2);
    if (!a) return std::unexpected(a.error());
    Reply r = raw(zk::OpCode::kGetAllChildrenNumber, zk::jute::encode(zk::GetAllChildrenNumberRequest{a->words[1]}));
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, a->words[1]));
    auto number = zk::jute::decode<zk::GetAllChildrenNumberResponse>(r.body);
    print(std::to_string(number ? number->total : 0) + "\n");
    return {};
  }

  Outcome who_am_i(const std::vector<std::string>&) {
    Reply r = raw(zk::OpCode::kWhoAmI, Slice());
    if (r.code != KeeperCode::kOk) return fail(zk_error_text(r.code, ""));
    print("Auth scheme: User\n");
    if (auto who = zk::jute::decode<zk::WhoAmIResponse>(r.body)) {
      for (const auto& info : who->client_info) print(info.auth_scheme + ": " + info.user + "\n");
    }
    return {};
  }

  Outcome version(const std::vector<std::string>&) {
    print("ZooKeeper CLI version: 3.8.0-kz " KZ_VERSION "\n");
    return {};
  }

  void print(const std::string& text) { session_.print(text); }
  void flush() { session_.flush(); }
  Reply stat_of(const std::string& path, bool watch = false) { return session_.stat_of(path, watch); }
  Reply children_of(const std::string& path, bool watch = false) { return session_.children_of(path, watch); }
  Reply raw(zk::OpCode op, Slice body) { return session_.raw(op, std::move(body)); }
  client::ZkClient::Watcher watcher(bool wanted) { return session_.watcher(wanted); }
  template <class Start>
  Reply call(Start start) {
    return session_.call(std::move(start));
  }

  CliSession& session_;
};

}  // namespace

int execute_zk_command(CliSession& session, const std::vector<std::string>& args, bool& quit) {
  return Commands(session).execute(args, quit);
}

void print_zk_usage() {
  std::fputs("ZooKeeper -server host:port -client-configuration properties-file cmd args\n", stderr);
  for (const auto& [name, text] : kUsages) std::fprintf(stderr, "\t%s %s\n", name, text);
}

}  // namespace kz::cmd
