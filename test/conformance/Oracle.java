import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/**
 * Answers what Kafka's own classes make of bytes and values: a line of JSON in, a line of JSON out,
 * in order. An answer is either {"value": …} or {"error": "…"}.
 */
public final class Oracle {
  private static final ObjectMapper JSON =
      new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
  private static final HexFormat HEX = HexFormat.of();
  private static final Map<String, Method> CONVERTERS = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        answer.set("value", answer(JSON.readTree(line)));
      } catch (InvocationTargetException error) {
        answer.put("error", String.valueOf(error.getCause()));
      } catch (Exception error) {
        answer.put("error", String.valueOf(error));
      }
      out.write(JSON.writeValueAsString(answer));
      out.write('\n');
      if (!in.ready()) out.flush();
    }
  }

  private static JsonNode answer(JsonNode question) throws Exception {
    switch (question.get("ask").asText()) {
      case "schemas":
        return schemas();
      case "errors":
        return errors();
      case "encode":
        return JSON.getNodeFactory().textNode(encode(question));
      case "recode":
        return JSON.getNodeFactory().textNode(recode(question));
      case "readBatches":
        return readBatches(bytes(question.get("hex")));
      case "writeBatch":
        return JSON.getNodeFactory().textNode(hex(writeBatch(question)));
      case "writeMarker":
        return JSON.getNodeFactory().textNode(hex(writeMarker(question)));
      default:
        throw new IllegalArgumentException("unknown question");
    }
  }

  /** Every schema of the jar, by name. */
  private static JsonNode schemas() throws Exception {
    ObjectNode all = JSON.createObjectNode();
    URL one = Oracle.class.getResource("/common/message/FetchRequest.json");
    String jar = one.getPath().substring("file:".length(), one.getPath().indexOf('!'));
    try (JarFile file = new JarFile(jar)) {
      for (var entries = file.entries(); entries.hasMoreElements(); ) {
        JarEntry entry = entries.nextElement();
        if (!entry.getName().matches("common/message/\\w+\\.json")) continue;
        JsonNode schema = JSON.readTree(file.getInputStream(entry));
        all.set(schema.get("name").asText(), schema);
      }
    }
    return all;
  }

  /** Every error by name: its code, and whether Java's clients try again. */
  private static JsonNode errors() {
    ObjectNode all = JSON.createObjectNode();
    for (Errors error : Errors.values()) {
      ObjectNode row = all.putObject(error.name());
      row.put("code", error.code());
      row.put("retriable", error.exception() instanceof RetriableException);
    }
    return all;
  }

  private static Class<?> dataClass(JsonNode question) throws Exception {
    String name = question.get("name").asText();
    String suffix = name.endsWith("Request") || name.endsWith("Response") ? "Data" : "";
    return Class.forName("org.apache.kafka.common.message." + name + suffix);
  }

  /** The bytes that Java makes of a value that is given as JSON. */
  private static String encode(JsonNode question) throws Exception {
    short version = (short) question.get("version").asInt();
    String converter = dataClass(question).getName() + "JsonConverter";
    Method read = CONVERTERS.get(converter);
    if (read == null) {
      read = Class.forName(converter).getMethod("read", JsonNode.class, short.class);
      CONVERTERS.put(converter, read);
    }
    Message message = (Message) read.invoke(null, question.get("json"), version);
    return hex(MessageUtil.toByteBufferAccessor(message, version).buffer());
  }

  /** The bytes that Java makes of what it read from bytes. */
  private static String recode(JsonNode question) throws Exception {
    short version = (short) question.get("version").asInt();
    var accessor = new ByteBufferAccessor(bytes(question.get("hex")));
    Message message =
        (Message)
            dataClass(question)
                .getConstructor(Readable.class, short.class)
                .newInstance(accessor, version);
    if (accessor.remaining() > 0) throw new IllegalStateException("bytes left over");
    return hex(MessageUtil.toByteBufferAccessor(message, version).buffer());
  }

  private static JsonNode readBatches(ByteBuffer buffer) {
    ArrayNode batches = JSON.createArrayNode();
    for (RecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
      batch.ensureValid();
      ObjectNode node = batches.addObject();
      node.put("magic", batch.magic());
      node.put("baseOffset", String.valueOf(batch.baseOffset()));
      node.put("lastOffset", String.valueOf(batch.lastOffset()));
      node.put("maxTimestampMs", batch.maxTimestamp());
      node.put("appendTime", batch.timestampType() == TimestampType.LOG_APPEND_TIME);
      node.put("compression", batch.compressionType().name);
      node.put("transactional", batch.isTransactional());
      node.put("control", batch.isControlBatch());
      node.put("producerId", String.valueOf(batch.producerId()));
      node.put("producerEpoch", batch.producerEpoch());
      node.put("baseSequence", batch.baseSequence());
      ArrayNode records = node.putArray("records");
      for (Record record : batch) {
        record.ensureValid();
        records.add(describe(record));
      }
    }
    return batches;
  }

  private static ObjectNode describe(Record record) {
    ObjectNode node = JSON.createObjectNode();
    node.put("offset", String.valueOf(record.offset()));
    node.put("timestampMs", record.timestamp());
    node.put("key", hex(record.key()));
    node.put("value", hex(record.value()));
    ArrayNode headers = node.putArray("headers");
    for (Header header : record.headers()) {
      byte[] value = header.value();
      headers
          .addObject()
          .put("key", header.key())
          .put("value", value == null ? null : HEX.formatHex(value));
    }
    return node;
  }

  private static ByteBuffer writeBatch(JsonNode question) {
    byte magic = (byte) question.get("magic").asInt();
    boolean appendTime = question.get("appendTime").asBoolean();
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1024),
            magic,
            Compression.of(question.get("compression").asText()).build(),
            appendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME,
            question.get("baseOffset").asLong(),
            question.get("appendTimeMs").asLong(),
            question.get("producerId").asLong(),
            (short) question.get("producerEpoch").asInt(),
            question.get("baseSequence").asInt(),
            question.get("transactional").asBoolean(),
            7);
    for (JsonNode record : question.get("records")) {
      ArrayNode headers = (ArrayNode) record.get("headers");
      Header[] made = new Header[magic < 2 ? 0 : headers.size()];
      for (int index = 0; index < made.length; index++) {
        JsonNode header = headers.get(index);
        byte[] value = Utils.toNullableArray(bytes(header.get("value")));
        made[index] = new RecordHeader(header.get("key").asText(), value);
      }
      builder.appendWithOffset(
          record.get("offset").asLong(),
          record.get("timestampMs").asLong(),
          bytes(record.get("key")),
          bytes(record.get("value")),
          made);
    }
    return builder.build().buffer();
  }

  private static ByteBuffer writeMarker(JsonNode question) {
    ControlRecordType type = ControlRecordType.valueOf(question.get("type").asText());
    return MemoryRecords.withEndTransactionMarker(
            question.get("baseOffset").asLong(),
            1_000L,
            7,
            question.get("producerId").asLong(),
            (short) 3,
            new EndTransactionMarker(type, 5))
        .buffer();
  }

  private static ByteBuffer bytes(JsonNode node) {
    return node.isNull() ? null : ByteBuffer.wrap(HEX.parseHex(node.asText()));
  }

  private static String hex(ByteBuffer buffer) {
    return buffer == null ? null : HEX.formatHex(Utils.toArray(buffer.duplicate()));
  }
}
