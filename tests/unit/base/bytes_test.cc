#include <doctest/doctest.h>

#include "core/bytes/checksum.h"
#include "core/bytes/reader.h"
#include "core/bytes/writer.h"

using namespace kz;

TEST_CASE("varints round-trip at their edges and never overrun") {
  for (int64_t v : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{63}, int64_t{64}, int64_t{-64}, int64_t{-65},
                    INT64_MAX, INT64_MIN}) {
    Buffer b;
    b.varlong(v);
    CHECK(b.size() == varint_size(v));
    Reader r(b.bytes());
    CHECK(r.varlong() == v);
    CHECK(r.at_end());
    for (size_t cut = 0; cut < b.size(); ++cut) {
      Reader t(b.bytes().first(cut));
      t.varlong();
      CHECK_FALSE(t.ok());
    }
  }
  Buffer five;
  for (int i = 0; i < 5; ++i) five.u8(0xff);
  Reader r(five.bytes());
  r.uvarint();
  CHECK_FALSE(r.ok());
}

TEST_CASE("a reader past its end gives zeros and says so") {
  Buffer b;
  b.i16(-2);
  Reader r(b.bytes());
  CHECK(r.i16() == -2);
  CHECK(r.i64() == 0);
  CHECK_FALSE(r.ok());
  CHECK(r.raw(1).empty());
}

TEST_CASE("checksums have their standard check values") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
  CHECK(crc32(as_bytes("123456789")) == 0xcbf43926);
  CHECK(adler32(as_bytes("Wikipedia")) == 0x11e60398);
}

TEST_CASE("a slice shares its slab and outlives the original") {
  Slice part;
  {
    Slice whole = Slice::copy_of("hello world");
    part = whole.sub(6, 5);
  }
  CHECK(part.text() == "world");
}
