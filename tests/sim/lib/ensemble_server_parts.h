// Private to SimServer's .cc files.
#pragma once
#include "core/zk/snapshot_codec.h"
#include "storage/zk/snapshot.h"
#include "tests/sim/lib/ensemble_server.h"

namespace kz::sim {

// A leader's snapshot on its way in: the own database is kept until it is whole.
struct SimServer::Incoming {
  Incoming(zk::TreeOptions options, Zxid z)
      : database(std::make_unique<zk::Database>(options)),
        reader(database->tree, database->sessions, zk::SnapshotWriter::Form::kLearner),
        zxid(z) {}
  std::unique_ptr<zk::Database> database;
  zk::SnapshotReader reader;
  Zxid zxid;
};

// A snapshot on its way to a learner, and what goes behind it.
struct SimServer::Outgoing {
  explicit Outgoing(zk::Database& db) : writer(db.tree, db.sessions, zk::SnapshotWriter::Form::kLearner) {}
  zk::SnapshotWriter writer;
  std::shared_ptr<const History> history;
  std::vector<Frame> behind;
};

// A snapshot on its way to the disk while clients are served.
struct SimServer::Snapshot {
  explicit Snapshot(zk::Database& db) : writer(db.tree, db.sessions) {}
  zk::SnapshotWriter writer;
  History history;
  std::unique_ptr<storage::zk::SnapshotFile> file;
};

}  // namespace kz::sim
