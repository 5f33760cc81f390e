// SASL between servers: both halves against each other, in pieces, with wrong passwords, with a learner that does not
// try.
#include "core/zab/quorum_auth.h"

#include <doctest/doctest.h>

#include "core/bytes/reader.h"

using namespace kz;
using zab::QuorumAuth;
using State = zab::QuorumAuth::State;

namespace {

const zk::SaslUsers kUsers{{"peer", "secret"}};

// Runs the exchange with packets cut into pieces of `piece` bytes; the states of server and learner at the end.
std::pair<State, State> exchange(const char* password, size_t piece, const std::string& behind = {}) {
  QuorumAuth server = QuorumAuth::server(kUsers, true, "nonce");
  QuorumAuth learner = QuorumAuth::learner("peer", password, "cnonce");
  State at_server = State::kGoingOn, at_learner = State::kGoingOn;
  std::string to_server(learner.begin().text()), to_learner, server_in, learner_in;
  for (int round = 0; round < 2000 && (at_server == State::kGoingOn || at_learner == State::kGoingOn); ++round) {
    if (at_server == State::kGoingOn && !to_server.empty()) {
      server_in += to_server.substr(0, piece);
      to_server.erase(0, piece);
      const auto step = server.on_bytes(server_in);
      to_learner += step.out.text();
      at_server = step.state;
    }
    if (at_learner == State::kGoingOn && !to_learner.empty()) {
      learner_in += to_learner.substr(0, piece);
      to_learner.erase(0, piece);
      const auto step = learner.on_bytes(learner_in);
      to_server += step.out.text();
      at_learner = step.state;
      if (at_learner == State::kDone) to_server += behind;
    }
  }
  if (!behind.empty()) CHECK(server_in + to_server == behind);
  return {at_server, at_learner};
}

}  // namespace

TEST_CASE("the magic number is Java's -0xa0dbcafecafe1234L") {
  const Slice first = QuorumAuth::learner("u", "p", "n").begin();
  Reader r(first);
  CHECK(r.i64() == 0x5f24350135'01edccLL);
  CHECK(r.i32() == 0);
  CHECK(r.i32() == 0);
  CHECK(r.remaining() == 0);
}

TEST_CASE("servers authenticate, in pieces of any size, and what follows stays") {
  for (const size_t piece : {1, 7, 16, 1000}) {
    CAPTURE(piece);
    CHECK(exchange("secret", piece) == std::pair(State::kDone, State::kDone));
    CHECK(exchange("wrong", piece) == std::pair(State::kFailed, State::kFailed));
  }
  CHECK(exchange("secret", 1000, "the first packet") == std::pair(State::kDone, State::kDone));
}

TEST_CASE("a learner that does not try passes only where it may") {
  std::string in = "not the magic number";
  CHECK(QuorumAuth::server(kUsers, false, "n").on_bytes(in).state == State::kDone);
  CHECK(in == "not the magic number");
  CHECK(QuorumAuth::server(kUsers, true, "n").on_bytes(in).state == State::kFailed);
  std::string few = "1234567";
  CHECK(QuorumAuth::server(kUsers, true, "n").on_bytes(few).state == State::kGoingOn);
  // A server that does not know of SASL: what it sends is no packet.
  CHECK(QuorumAuth::learner("peer", "secret", "n").on_bytes(in).state == State::kFailed);
  // A token of an impossible length.
  QuorumAuth server = QuorumAuth::server(kUsers, true, "n");
  std::string huge(QuorumAuth::learner("u", "p", "n").begin().text());
  huge.replace(12, 4, "\x7f\xff\xff\xff", 4);
  CHECK(server.on_bytes(huge).state == State::kFailed);
}
