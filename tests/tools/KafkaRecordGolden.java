// Writes tests/golden/records/java.txt with Apache Kafka's own classes: batches of every codec and kind, message sets of
// magic 0 and 1, producer snapshots and murmur2 vectors. Run by renew_record_golden.sh.
// Lines: "<name> <hex>".
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

public class KafkaRecordGolden {
  static PrintStream out;

  static String hex(ByteBuffer buffer) {
    StringBuilder text = new StringBuilder();
    ByteBuffer b = buffer.duplicate();
    while (b.hasRemaining()) text.append(String.format("%02x", b.get()));
    return text.toString();
  }

  static void put(String name, ByteBuffer bytes) {
    out.println(name + " " + hex(bytes));
  }

  static byte[] utf8(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  // Long enough that every codec really compresses, with a record larger than a snappy block's worth of repetition.
  static SimpleRecord[] records() {
    StringBuilder large = new StringBuilder();
    for (int i = 0; i < 2000; ++i) large.append("line ").append(i % 97).append(';');
    return new SimpleRecord[] {
      new SimpleRecord(1000L, utf8("key"), utf8("value")),
      new SimpleRecord(1003L, null, utf8("no key")),
      new SimpleRecord(999L, utf8("tombstone"), null),
      new SimpleRecord(1500L, new byte[0], new byte[0],
          new Header[] {new RecordHeader("h1", utf8("v1")), new RecordHeader("", new byte[0]), new RecordHeader("null", null)}),
      new SimpleRecord(1001L, utf8("large"), utf8(large.toString())),
    };
  }

  public static void main(String[] args) throws Exception {
    out = new PrintStream(args[0], "US-ASCII");
    for (byte magic = 0; magic <= 2; ++magic) {
      for (CompressionType type : CompressionType.values()) {
        if (type == CompressionType.ZSTD && magic < 2) continue;
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), magic, type, TimestampType.CREATE_TIME, 100L);
        for (SimpleRecord r : records()) {
          if (magic < 2) builder.append(r.timestamp(), r.key(), r.value());
          else builder.append(r);
        }
        put("v" + magic + "_" + type.name, builder.build().buffer());
      }
    }
    MemoryRecordsBuilder transactional = MemoryRecords.builder(ByteBuffer.allocate(4096), (byte) 2, CompressionType.NONE,
        TimestampType.CREATE_TIME, 7L, 0L, 4711L, (short) 3, 2147483646, true, 9);
    for (int i = 0; i < 3; ++i) transactional.append(50L + i, utf8("k" + i), utf8("v" + i));
    put("v2_transactional", transactional.build().buffer());
    MemoryRecordsBuilder append_time = MemoryRecords.builder(ByteBuffer.allocate(4096), (byte) 2, CompressionType.NONE,
        TimestampType.LOG_APPEND_TIME, 0L, 123456L);
    append_time.append(5L, utf8("a"), utf8("b"));
    append_time.append(6L, utf8("c"), utf8("d"));
    put("v2_append_time", append_time.build().buffer());
    for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.ABORT, ControlRecordType.COMMIT}) {
      put("v2_marker_" + type.name().toLowerCase(), MemoryRecords.withEndTransactionMarker(33L, 77L, 5, 4711L, (short) 3,
          new EndTransactionMarker(type, 12)).buffer());
    }
    for (String key : new String[] {"", "a", "ab", "abc", "abcd", "abcde", "foobar", "a-little-bit-long-string",
        "a-little-bit-longer-string", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "\u00e4\u00f6\u00fc\u20ac"}) {
      int hash = Utils.murmur2(utf8(key));
      ByteBuffer b = ByteBuffer.allocate(4 + utf8(key).length);
      b.putInt(hash).put(utf8(key)).flip();
      put("murmur2", b);
    }
    out.close();
  }
}
