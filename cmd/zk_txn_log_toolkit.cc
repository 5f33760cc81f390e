// zk-txn-log-toolkit = zkTxnLogToolkit.sh: prints a transaction log, mends its checksums, cuts it at a zxid.
// Source: TxnLogToolkit, LogChopper @ 3.8.0; cutting also works where the damage lies behind the cut.
#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cstdio>
#include <iostream>

#include "cmd/help.h"
#include "cmd/zk_tools.h"
#include "cmd/zk_txn_text.h"
#include "core/bytes/checksum.h"
#include "core/bytes/writer.h"
#include "storage/fs.h"
#include "storage/zk/txn_log_reader.h"

namespace kz::cmd {
namespace {

using storage::zk::LogEntry;
using storage::zk::LogFileReader;

constexpr int kUnexpected = 1;
constexpr int kInvalid = 2;
constexpr zk::JuteLimits kAnySize{INT32_MAX, 0};

constexpr const char* kUsage =
    "usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)\n"
    " -c,--chop         Chop mode. Chop txn file to a zxid.\n"
    " -d,--dump         Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)\n"
    " -h,--help         Print help message\n"
    " -r,--recover      Recovery mode. Re-calculate CRC for broken entries.\n"
    " -v,--verbose      Be verbose in recovery mode: print all entries, not just fixed ones.\n"
    " -y,--yes          Non-interactive mode: repair all CRC errors without asking\n"
    " -z,--zxid <arg>   Used with chop. Zxid to which to chop.\n";

struct Options {
  bool recover = false, verbose = false, yes = false, chop = false;
  std::optional<int64_t> zxid;
  std::string file;
};

// commons-cli: short and long names, flags may be joined (-rv). An error message, or empty.
std::string parse(const std::vector<std::string>& args, Options& o) {
  const auto flag = [&o](std::string_view name) {
    if (name == "r" || name == "recover") return o.recover = true;
    if (name == "v" || name == "verbose") return o.verbose = true;
    if (name == "y" || name == "yes") return o.yes = true;
    if (name == "c" || name == "chop") return o.chop = true;
    return name == "d" || name == "dump";
  };
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "-z" || arg == "--zxid") {
      if (++i == args.size()) return "Missing argument for option: z";
      const std::string& text = args[i];
      const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
      int64_t zxid = 0;
      const auto [end, error] =
          std::from_chars(text.data() + (is_hex ? 2 : 0), text.data() + text.size(), zxid, is_hex ? 16 : 10);
      if (error != std::errc{} || end != text.data() + text.size()) return "For input string: \"" + text + "\"";
      o.zxid = zxid;
    } else if (arg.starts_with("--") && arg.size() > 2) {
      if (!flag(std::string_view(arg).substr(2))) return "Unrecognized option: " + arg;
    } else if (arg.starts_with('-') && arg.size() > 1) {
      for (size_t c = 1; c < arg.size(); ++c) {
        if (!flag(std::string_view(arg).substr(c, 1))) return "Unrecognized option: " + arg;
      }
    } else if (o.file.empty()) {
      o.file = arg;
    }
  }
  return {};
}

// Entries one after the other, as they were; the file is made at the end.
class LogCopy {
 public:
  explicit LogCopy(int64_t dbid) {
    out_.i32(zk::kTxnLogMagic);
    out_.i32(2);
    out_.i64(dbid);
  }
  void add(const Slice& payload, uint64_t checksum) {
    out_.u64(checksum);
    out_.i32(static_cast<int32_t>(payload.size()));
    out_.raw(payload);
    out_.u8('B');
  }
  Status save(const std::string& path) { return storage::posix_fs().write_atomically(path, out_.text()); }

 private:
  Buffer out_;
};

std::string line_of(const LogEntry& entry) {
  const auto txn = zk::decode_txn(entry.payload, kAnySize);
  return txn ? txn_line(*txn) : fmt::format("(unreadable: {} bytes at {})\n", entry.payload.size(), entry.position);
}

// Yes, no, or nullopt for abort (also at the end of the input).
std::optional<bool> ask() {
  while (true) {
    fmt::print(stdout, "Would you like to fix it (Yes/No/Abort) ? ");
    std::fflush(stdout);
    std::string answer;
    if (!(std::cin >> answer)) return std::nullopt;
    switch (std::toupper(static_cast<unsigned char>(answer[0]))) {
      case 'Y':
        return true;
      case 'N':
        return false;
      case 'A':
        return std::nullopt;
      default:
        break;
    }
  }
}

int save(LogCopy& copy, const std::string& path) {
  if (const Status saved = copy.save(path); !saved) {
    fmt::print(stderr, "Cannot write {}: {}\n", path, errc_text(saved.error().code));
    return kUnexpected;
  }
  return 0;
}

// Whether the file ends inside the entry there, rather than holding something else than its end mark. Java's reader
// takes the one for the end of the log and the other for an error.
bool ends_inside(const std::string& path, int64_t position) {
  const auto text = storage::posix_fs().read_file(path);
  if (!text || text->size() < static_cast<size_t>(position) + 12) return true;
  uint32_t length = 0;
  for (size_t i = 8; i < 12; ++i)
    length = length << 8 | static_cast<unsigned char>((*text)[static_cast<size_t>(position) + i]);
  return text->size() < static_cast<size_t>(position) + 12 + length;
}

int dump(LogFileReader& log, const Options& o) {
  const std::string fixed_path = o.file + ".fixed";
  if (o.recover && storage::posix_fs().exists(fixed_path)) {
    fmt::print(stderr, "Recovery file {} already exists or not writable\n", fixed_path);
    return kUnexpected;
  }
  fmt::print(stdout, "ZooKeeper Transactional Log File with dbid {} txnlog format version 2\n", log.dbid());
  LogCopy copy(log.dbid());
  int count = 0;
  int fixed = 0;
  while (true) {
    const auto entry = log.next();
    if (!entry) {
      fmt::print(stderr, "Cannot read {}: {}\n", o.file, errc_text(entry.error().code));
      return kUnexpected;
    }
    if (entry->kind == LogEntry::Kind::kEnd || entry->kind == LogEntry::Kind::kTorn) {
      if (entry->kind == LogEntry::Kind::kTorn && ends_inside(o.file, entry->position)) {
        hint(fmt::format("the file ends inside a transaction, at byte {}; a server drops it", entry->position));
      } else if (entry->kind == LogEntry::Kind::kTorn) {
        fmt::print(stderr, "Last transaction was partial.\n");
        if (!o.recover) return kUnexpected;
      }
      break;
    }
    uint64_t checksum = entry->checksum;
    if (entry->kind != LogEntry::Kind::kTxn) {
      fmt::print(stdout, "CRC {} - {}", o.recover && o.yes ? "FIXED" : "ERROR", line_of(*entry));
      if (o.recover) {
        const std::optional<bool> fix = o.yes ? true : ask();
        if (!fix) {
          fmt::print(stderr, "Recovery aborted.\n");
          return 0;
        }
        if (*fix) checksum = adler32(entry->payload), ++fixed;
      }
    }
    if (!o.recover || o.verbose) fmt::print(stdout, "{}", line_of(*entry));
    if (o.recover) copy.add(entry->payload, checksum);
    ++count;
  }
  fmt::print(stdout, "EOF reached after {} txns.\n", count);
  if (!o.recover) return 0;
  if (const int failed = save(copy, fixed_path)) return failed;
  fmt::print(stdout, "Recovery file {} has been written with {} fixed CRC error(s)\n", fixed_path, fixed);
  return 0;
}

int chop_failed(const Options& o) {
  fmt::print(stdout, "Got exception: Failed to chop {}\n", o.file.substr(o.file.rfind('/') + 1));
  return kInvalid;
}

int chop(LogFileReader& log, const Options& o) {
  fmt::print(stdout, "ZooKeeper Transactional Log File with dbid {} txnlog format version 2\n", log.dbid());
  LogCopy copy(log.dbid());
  int count = 0;
  Zxid previous = -1;
  while (true) {
    const auto entry = log.next();
    if (!entry) {
      fmt::print(stderr, "Cannot read {}: {}\n", o.file, errc_text(entry.error().code));
      return kUnexpected;
    }
    const bool whole = entry->kind == LogEntry::Kind::kTxn;
    if (!whole && previous != *o.zxid) {
      if (entry->kind == LogEntry::Kind::kEnd) {
        fmt::print(stdout, "EOF reached after {} txns.\n", count);
      } else {
        fmt::print(stdout, "CRC doesn't match or the entry is incomplete at byte {}, before zxid {:x}\n",
                   entry->position, *o.zxid);
      }
      return chop_failed(o);
    }
    if (!whole && entry->kind == LogEntry::Kind::kEnd) {
      fmt::print(stdout, "EOF reached after {} txns.\n", count);
      return chop_failed(o);  // nothing to chop
    }
    if (!whole || entry->zxid() > *o.zxid) {
      if (previous != *o.zxid) {
        fmt::print(stdout, "This log does not contain zxid {:x}\n", *o.zxid);
        return chop_failed(o);
      }
      fmt::print(stdout, "Chopping at {:x} new log has {} records\n", *o.zxid, count);
      return save(copy, fmt::format("{}.chopped{}", o.file, *o.zxid));
    }
    if (previous != -1 && entry->zxid() != previous + 1) {
      const bool same_epoch = entry->zxid() >> 32 == previous >> 32;
      if (same_epoch || (entry->zxid() & 0xffffffff) != 1)
        fmt::print(stdout, "There is {}-epoch gap between {:x} and {:x}\n", same_epoch ? "intra" : "inter", previous,
                   entry->zxid());
    }
    previous = entry->zxid();
    copy.add(entry->payload, entry->checksum);
    ++count;
  }
}

int run(const Invocation& invocation, const Parsed&) {
  for (const auto& arg : invocation.args) {
    if (arg != "-h" && arg != "--help") continue;
    std::fputs(command_help(*invocation.command).c_str(), stdout);
    return 0;
  }
  Options o;
  const std::string wrong = parse(invocation.args, o);
  if (wrong.starts_with("For input string")) {
    fmt::print(stderr, "Exception in thread \"main\" java.lang.NumberFormatException: {}\n", wrong);
    return kUnexpected;
  }
  if (!wrong.empty() || o.file.empty()) {
    if (!wrong.empty()) fmt::print(stderr, "{}\n\n", wrong);
    std::fputs(kUsage, stdout);
    return kUnexpected;
  }
  auto log = LogFileReader::open(storage::posix_fs(), o.file);
  if (!log && (log.error().code == Errc::kCorrupt || log.error().code == Errc::kUnsupportedVersion)) {
    fmt::print(stderr, "Invalid magic number for {}\n", o.file.substr(o.file.rfind('/') + 1));
    return kInvalid;
  }
  if (!log) {
    fmt::print(stderr, "File doesn't exist or not readable: {}\n", o.file);
    return kUnexpected;
  }
  return o.chop && o.zxid ? chop(*log, o) : dump(*log, o);
}

constexpr Option kOptions[] = {
    {.name = "chop", .help = "Cut the log behind a zxid, into FILE.chopped<zxid>.", .short_name = 'c'},
    {.name = "dump", .help = "Print every transaction (default).", .short_name = 'd'},
    {.name = "recover", .help = "Compute wrong checksums anew, into FILE.fixed.", .short_name = 'r'},
    {.name = "verbose", .help = "With --recover: print all transactions, not the fixed ones alone.", .short_name = 'v'},
    {.name = "yes", .help = "With --recover: fix without asking.", .short_name = 'y'},
    {.name = "zxid",
     .kind = ArgKind::kString,
     .metavar = "zxid",
     .help = "The last zxid to keep, decimal or 0x...",
     .short_name = 'z'},
};

}  // namespace

const Command kZkTxnLogToolkitCommand{
    .name = "zk-txn-log-toolkit",
    .aliases = {"zkTxnLogToolkit", "zkTxnLogToolkit.sh"},
    .summary = "print, mend or cut a ZooKeeper transaction log",
    .synopsis = "[-dhrvyc] FILE [-z ZXID]",
    .description =
        "Works on a log file of a stopped server and never changes it: mended and cut copies get names of their "
        "own, to be moved into its place.",
    .options = kOptions,
    .grammar = Grammar::kRaw,
    .run = run,
};

}  // namespace kz::cmd
