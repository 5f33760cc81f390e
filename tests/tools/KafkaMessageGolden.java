// Writes the golden messages of tests/golden/kafka_messages with Apache Kafka's own classes. Run by
// renew_kafka_messages.sh. For every message and version: random values of that version's Schema are serialised, read
// back by the generated class, and what that class writes and its JsonConverter prints is kept.
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;

public class KafkaMessageGolden {
    static final int CORRELATION_ID = 0x01020304;
    static final String CLIENT_ID = "golden";
    static final String[] RECORDS = {
        "org.apache.kafka.common.message.ConsumerProtocolSubscription",
        "org.apache.kafka.common.message.ConsumerProtocolAssignment",
        "kafka.internals.generated.OffsetCommitKey", "kafka.internals.generated.OffsetCommitValue",
        "kafka.internals.generated.GroupMetadataKey", "kafka.internals.generated.GroupMetadataValue",
        "kafka.internals.generated.TransactionLogKey", "kafka.internals.generated.TransactionLogValue"};

    static Random random;
    static int counter;

    static String text() {
        String[] words = {"", "t", "topic-a", "größe", "with \"quotes\"\n", "a-somewhat-longer-name.of_a_topic"};
        return words[random.nextInt(words.length)];
    }

    @SuppressWarnings("unchecked")
    static Map<Integer, Field> tagged(TaggedFields type) {
        try {
            java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
            fields.setAccessible(true);
            return (Map<Integer, Field>) fields.get(type);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    static Object value(Type type) {
        if (type.isNullable() && random.nextInt(4) == 0) return null;
        if (type instanceof Schema) return struct((Schema) type);
        if (type instanceof TaggedFields) {
            TreeMap<Integer, Object> tags = new TreeMap<>();
            for (Map.Entry<Integer, Field> field : tagged((TaggedFields) type).entrySet()) {
                if (random.nextInt(3) > 0) tags.put(field.getKey(), value(field.getValue().type));
            }
            return tags;
        }
        if (type.isArray()) {
            List<Object> elements = new ArrayList<>();
            int n = random.nextInt(5) == 0 ? 0 : 1 + random.nextInt(2);
            for (int i = 0; i < n; i++) elements.add(value(type.arrayElementType().get()));
            return elements.toArray();
        }
        if (type == Type.BOOLEAN) return random.nextBoolean();
        if (type == Type.INT8) return (byte) (random.nextInt(20) - 4);
        if (type == Type.INT16) return (short) (random.nextInt(110) - 1);
        if (type == Type.UINT16) return random.nextInt(65536);
        if (type == Type.INT32) return random.nextInt(4) == 0 ? random.nextInt() : ++counter;
        if (type == Type.INT64) return random.nextInt(4) == 0 ? random.nextLong() : 10_000_000_000L + ++counter;
        if (type == Type.UUID) return new Uuid(random.nextLong(), random.nextLong());
        if (type == Type.FLOAT64) return random.nextInt(1000) / 8.0;
        if (type == Type.STRING || type == Type.COMPACT_STRING || type == Type.NULLABLE_STRING
            || type == Type.COMPACT_NULLABLE_STRING) return text();
        if (type == Type.BYTES || type == Type.COMPACT_BYTES || type == Type.NULLABLE_BYTES
            || type == Type.COMPACT_NULLABLE_BYTES) {
            byte[] bytes = new byte[random.nextInt(6)];
            random.nextBytes(bytes);
            return ByteBuffer.wrap(bytes);
        }
        if (type == Type.RECORDS || type == Type.COMPACT_RECORDS) {
            return MemoryRecords.withRecords(CompressionType.NONE,
                new SimpleRecord(1675724400000L, "key".getBytes(), ("value " + ++counter).getBytes()));
        }
        throw new IllegalStateException("type " + type);
    }

    static Struct struct(Schema schema) {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) struct.set(field, value(field.def.type));
        return struct;
    }

    static String hex(ByteBuffer buffer) {
        StringBuilder out = new StringBuilder();
        while (buffer.hasRemaining()) out.append(String.format("%02x", buffer.get()));
        return out.toString();
    }

    static void golden(Path directory, Class<?> type, ApiKeys api, boolean request) throws Exception {
        String name = type.getSimpleName().replaceAll("Data$", "");
        Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
        Class<?> converter = api == null && !type.getName().startsWith("org.apache") ? null  // the core jar has none
            : Class.forName(type.getName() + "JsonConverter");
        random = new Random(name.hashCode());
        counter = 0;
        StringBuilder out = new StringBuilder("# Apache Kafka 3.4.0 " + type.getName() + "\n");
        for (short version = 0; version < schemas.length; version++) {
            if (schemas[version] == null) continue;
            Struct struct = struct(schemas[version]);
            ByteBuffer first = ByteBuffer.allocate(struct.sizeOf());
            struct.writeTo(first);
            first.flip();
            Message message = (Message) type.getDeclaredConstructor().newInstance();
            message.read(new ByteBufferAccessor(first), version);
            ByteBuffer body = MessageUtil.toByteBuffer(message, version);
            out.append(version).append(" body ").append(hex(body)).append('\n');
            if (converter != null) {
                Method write = converter.getMethod("write", type, short.class, boolean.class);
                out.append(version).append(" json ").append(write.invoke(null, message, version, false)).append('\n');
            }
            if (api != null && request) {
                RequestHeader header = new RequestHeader(api, version, CLIENT_ID, CORRELATION_ID);
                ByteBuffer bytes = MessageUtil.toByteBuffer(header.data(), header.headerVersion());
                out.append(version).append(" header ").append(hex(bytes)).append('\n');
            } else if (api != null) {
                short headerVersion = api.responseHeaderVersion(version);
                ResponseHeader header = new ResponseHeader(CORRELATION_ID, headerVersion);
                ByteBuffer bytes = MessageUtil.toByteBuffer(header.data(), headerVersion);
                out.append(version).append(" header ").append(hex(bytes)).append('\n');
            }
        }
        Files.writeString(directory.resolve(name + ".txt"), out.toString());
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        int count = 0;
        for (ApiKeys api : ApiKeys.zkBrokerApis()) {
            golden(directory, api.messageType.newRequest().getClass(), api, true);
            golden(directory, api.messageType.newResponse().getClass(), api, false);
            count += 2;
        }
        for (String record : RECORDS) {
            golden(directory, Class.forName(record), null, false);
            count++;
        }
        System.out.println(count + " messages");
    }
}
