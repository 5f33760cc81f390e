// The saved ZooKeeper session: what is written is read back, anything else is no session.
#include "cmd/server/session_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

using namespace kz;
using namespace kz::server;

TEST_CASE("a session survives the file, damaged files are no session") {
  char text[] = "/tmp/kz-session-test.XXXXXX";
  REQUIRE(::mkdtemp(text) != nullptr);
  storage::FileSystem& fs = storage::posix_fs();
  const std::string file = std::string(text) + "/" + kSessionFile;
  CHECK_FALSE(read_session(fs, file));
  const std::string password("\0\x01\x7f\x80\xff=:\\\n password", 18);
  REQUIRE(write_session(fs, file, {-0x5fd1c7af3fff0000, password}));
  const auto back = read_session(fs, file);
  REQUIRE(back);
  CHECK(back->id == -0x5fd1c7af3fff0000);
  CHECK(back->password == password);
  for (const char* damaged : {"", "id=0\npassword=00\n", "id=xyz\npassword=00\n", "id=12\npassword=0g\n"}) {
    REQUIRE(fs.write_atomically(file, damaged, false));
    CHECK_FALSE(read_session(fs, file));
  }
  remove_session(fs, file);
  CHECK_FALSE(fs.exists(file));
  REQUIRE(fs.remove_tree(text));
}
