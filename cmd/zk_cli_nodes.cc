// zk-cli's commands on nodes. Source: CreateCommand, DeleteCommand, DeleteAllCommand, GetCommand, GetAclCommand,
// LsCommand, SetCommand, SetAclCommand, StatCommand, ZKUtil @ release-3.8.0.
#include <algorithm>
#include <charconv>
#include <utility>

#include "cmd/zk_cli_commands.h"
#include "cmd/zk_cli_text.h"

namespace kz::cmd {
namespace {

using zk::KeeperCode;
using zk::OpCode;

constexpr int64_t kTtlMax = 0xffffffffff;  // EphemeralType.TTL.maxValue()
constexpr size_t kBatchesAhead = 10;       // ZKUtil.deleteInBatch's rate limit

std::vector<zk::Acl> acl_of(CliSession& session, const std::string& text) {
  std::vector<std::string> complaints;
  auto acl = parse_acl(text, complaints);
  for (const auto& c : complaints) session.console().error(c);
  return acl;
}

std::expected<int32_t, CliError> version_of(const ZkArgs& args) {
  const std::string* text = args.value("v");
  if (text == nullptr) return -1;
  return parse_java_int(*text);
}

void print_names(ZkConsole& console, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  console.print("[");
  for (size_t i = 0; i < names.size(); ++i) console.print((i == 0 ? "" : ", ") + names[i]);
  console.print("]\n");
}

// Deletes `paths` from the last to the first, `batch` in a transaction. False: some batch failed; later ones were not
// begun.
bool delete_in_batches(CliSession& session, const std::vector<std::string>& paths, size_t batch) {
  struct Run {
    size_t next;
    size_t open = 0;
    bool good = true;
  };
  const KeeperCode code = session.code_of([&](client::ZkClient& zk, auto done) {
    auto run = std::make_shared<Run>(Run{.next = paths.size()});
    auto more = std::make_shared<std::function<void()>>();
    *more = [&zk, &paths, batch, run, done, weak = std::weak_ptr(more)] {
      const auto self = weak.lock();
      while (run->good && run->next > 0 && run->open < kBatchesAhead) {
        std::vector<client::ZkClient::Op> ops;
        while (run->next > 0 && (ops.empty() || ops.size() != batch)) {
          ops.push_back(client::ZkClient::Op::remove(paths[--run->next]));
        }
        ++run->open;
        zk.multi(std::move(ops), [run, self](KeeperCode c, const auto&) {
          --run->open;
          run->good = run->good && c == KeeperCode::kOk;
          (*self)();
        });
      }
      if (run->open == 0) done(run->good ? KeeperCode::kOk : KeeperCode::kApiError);
    };
    (*more)();
  });
  return code == KeeperCode::kOk;
}

}  // namespace

Outcome zk_create(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"e"}, {"s"}, {"c"}, {"t", true}};
  const auto a = parse_command(*find_zk_command("create"), words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  const bool sequential = a->has("s"), ephemeral = a->has("e"), container = a->has("c");
  if (container && (sequential || ephemeral))
    return cli_error("-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.");
  const std::string* ttl = a->value("t");
  int64_t ttl_ms = 0;
  if (ttl != nullptr) {
    const auto [end, error] = std::from_chars(ttl->data(), ttl->data() + ttl->size(), ttl_ms);
    if (error != std::errc{} || end != ttl->data() + ttl->size()) return cli_error("-t argument must be a long value");
    if (ephemeral) return cli_error("TTLs cannot be used with Ephemeral znodes");
    if (container) return cli_error("TTLs cannot be used with Container znodes");
    if (ttl_ms <= 0 || ttl_ms > kTtlMax)
      return cli_error("ttl must be positive and cannot be larger than: " + std::to_string(kTtlMax));
  }
  const std::string& path = a->words[1];
  const auto acl = a->words.size() > 3 ? acl_of(session, a->words[3]) : zk::open_acl();
  // A sequential node's name may be empty: "/a/" becomes "/a/0000000000".
  if (Outcome o = check_path(sequential ? path + "1" : path); !o) return o;
  zk::NullableBytes data;
  if (a->words.size() > 2) data = Slice::copy_of(a->words[2]);
  KeeperCode code = KeeperCode::kInvalidAcl;  // of an empty list: the client's own answer
  std::string made;
  std::string named = "null";
  if (!acl.empty()) {
    named = path;
    const std::string full = session.full(path);
    if (ttl != nullptr || container) {
      zk::Create2Response r;
      code = ttl != nullptr
                 ? session.ask(OpCode::kCreateTtl, zk::CreateTtlRequest{full, data, acl, sequential ? 6 : 5, ttl_ms}, r)
                 : session.ask(OpCode::kCreateContainer, zk::CreateRequest{full, data, acl, 4}, r);
      made = r.path;
    } else {
      zk::CreateResponse r;
      code = session.ask(OpCode::kCreate,
                         zk::CreateRequest{full, data, acl, (ephemeral ? 1 : 0) + (sequential ? 2 : 0)}, r);
      made = r.path;
    }
  }
  if (code == KeeperCode::kOk) {
    session.console().error("Created " + session.strip(made));
    return {};
  }
  if (code == KeeperCode::kEphemeralOnLocalSession)
    session.console().error("Unable to create ephemeral node on a local session");
  if (code == KeeperCode::kInvalidAcl) session.console().error(keeper_error_code(code, acl.empty() ? "" : path));
  Outcome failed = outcome_of(code, named);
  if (code == KeeperCode::kUnimplemented && ttl != nullptr)
    failed.error().message += "\nhint: the server has TTL nodes switched off: zookeeper.extendedTypesEnabled=true";
  return failed;
}

Outcome zk_delete(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"v", true}};
  const auto a = parse_command(*find_zk_command("delete"), words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  if (a->words.size() > 2)
    session.console().error(
        "'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.");
  const std::string& path = a->words[1];
  const auto version = version_of(*a);
  if (!version) return std::unexpected(version.error());
  if (Outcome o = check_path(path); !o) return o;
  return outcome_of(session.tell(OpCode::kDelete, zk::DeleteRequest{session.full(path), *version}), path);
}

Outcome zk_deleteall(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"b", true}};
  const auto a = parse_command(*find_zk_command("deleteall"), words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  int32_t batch = 1000;
  if (const std::string* text = a->value("b")) {
    const auto given = parse_java_int(*text);
    if (!given) return cli_error("-b argument must be an int value");
    batch = *given;
  }
  if (Outcome o = check_path(a->words[1]); !o) return o;
  std::vector<std::string> tree{a->words[1]};
  for (size_t i = 0; i < tree.size(); ++i) {
    zk::GetChildren2Response r;
    if (Outcome o = outcome_of(session.children(tree[i], false, r), tree[i]); !o) return o;
    const std::string prefix = tree[i] == "/" ? tree[i] : tree[i] + "/";
    for (const auto& name : r.children) tree.push_back(prefix + name);
  }
  // A batch of none or less is never full: all goes in one transaction.
  if (!delete_in_batches(session, tree, batch > 0 ? static_cast<size_t>(batch) : 0))
    session.console().error("Failed to delete some node(s) in the subtree!");
  return {};
}

Outcome zk_get(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"}, {"w"}};
  const auto a = parse_with_old_watch(*find_zk_command("get"), words, kOptions);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(path); !o) return o;
  zk::GetDataResponse r;
  if (Outcome o = outcome_of(session.get(path, a->has("w"), r), path); !o) return o;
  session.console().print(r.data ? r.data->text() : "null");
  session.console().print("\n");
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_get_acl(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"}};
  const auto a = parse_command(*find_zk_command("getAcl"), words, kOptions, 2);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(path); !o) return o;
  zk::GetAclResponse r;
  if (Outcome o = outcome_of(session.ask(OpCode::kGetAcl, zk::GetAclRequest{session.full(path)}, r), path); !o)
    return o;
  for (const auto& acl : r.acl) {
    session.console().print("'" + acl.id.scheme + ",'" + acl.id.id + "\n: " + perm_letters(acl.perms) + "\n");
  }
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_ls(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"?"}, {"s"}, {"w"}, {"R"}};
  const auto a = parse_with_old_watch(*find_zk_command("ls"), words, kOptions, 0);
  if (!a) return std::unexpected(a.error());
  if (a->has("?"))
    session.console().print("usage: ls [options] path\n -?   help\n -R   recurse\n -s   stat\n -w   watch\n");
  if (a->words.size() < 2) return cli_error(find_zk_command("ls")->usage_line());
  const std::string& path = a->words[1];
  const bool watch = a->has("w");
  if (a->has("R")) {
    return visit_tree(session, path, watch, [&](const std::string& p) {
      session.console().print(p + "\n");
      return Outcome();
    });
  }
  if (Outcome o = check_path(path); !o) return o;
  zk::GetChildren2Response r;
  if (Outcome o = outcome_of(session.children(path, watch, r), path); !o) return o;
  print_names(session.console(), std::move(r.children));
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_set(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"}, {"v", true}};
  const auto a = parse_command(*find_zk_command("set"), words, kOptions, 3);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  const auto version = version_of(*a);
  if (!version) return std::unexpected(version.error());
  if (Outcome o = check_path(path); !o) return o;
  zk::StatResponse r;
  const zk::SetDataRequest request{session.full(path), Slice::copy_of(a->words[2]), *version};
  if (Outcome o = outcome_of(session.ask(OpCode::kSetData, request, r), path); !o) return o;
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_set_acl(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"s"}, {"v", true}, {"R"}};
  const auto a = parse_command(*find_zk_command("setAcl"), words, kOptions, 3);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  const auto acl = acl_of(session, a->words[2]);
  const auto version = version_of(*a);
  if (!version) return std::unexpected(version.error());
  zk::StatResponse r;
  const auto set = [&](const std::string& p) {
    if (acl.empty()) return KeeperCode::kInvalidAcl;
    return session.ask(OpCode::kSetAcl, zk::SetAclRequest{session.full(p), acl, *version}, r);
  };
  if (a->has("R")) {
    return visit_tree(session, path, false, [&](const std::string& p) {
      if (const KeeperCode code = set(p); code != KeeperCode::kOk)
        session.console().print(keeper_error_code(code, acl.empty() ? "" : p));
      return Outcome();
    });
  }
  if (Outcome o = check_path(path); !o) return o;
  if (Outcome o = outcome_of(set(path), acl.empty() ? "null" : path); !o) return o;
  if (a->has("s")) session.console().print(format_stat(r.stat));
  return {};
}

Outcome zk_stat(CliSession& session, const Words& words) {
  static constexpr ZkOption kOptions[] = {{"w"}};
  const auto a = parse_with_old_watch(*find_zk_command("stat"), words, kOptions);
  if (!a) return std::unexpected(a.error());
  const std::string& path = a->words[1];
  if (Outcome o = check_path(path); !o) return o;
  zk::Stat stat;
  if (Outcome o = outcome_of(session.exists(path, a->has("w"), stat), path); !o) return o;
  session.console().print(format_stat(stat));
  return {};
}

}  // namespace kz::cmd
