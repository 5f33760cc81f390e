// A transaction as TxnLogToolkit prints it: one line, with records in jute's CSV form.
// Source: TxnLogToolkit.printTxn, CsvOutputArchive, Request.op2String @ 3.8.0.
#pragma once
#include <string>

#include "core/zk/txn.h"

namespace kz::cmd {

// "11/22/26, 2:49:21 AM UTC session 0x1 cxid 0x0 zxid 0x1 createSession 30000\n"; ends in exactly one newline.
std::string txn_line(const zk::Txn& txn);

}  // namespace kz::cmd
