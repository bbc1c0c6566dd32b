import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * kafka-clients as its users run it; records as JSON lines.
 *
 * produce BOOTSTRAP TOPIC COUNT COMPRESSION   record-0 … under 97 keys, idempotent
 * odd BOOTSTRAP TOPIC                         records with no key, no value, binary keys, headers
 * transactions BOOTSTRAP TOPIC COUNT          COUNT aborted records, then COUNT committed ones
 * consume BOOTSTRAP TOPIC COUNT PROTOCOL      a group (classic or consumer) reads COUNT records
 */
public class KafkaClient {
  private static final int KEYS = 97;
  private static final long DEADLINE_MS = 60_000;

  public static void main(String[] arguments) throws Exception {
    String bootstrap = arguments[1];
    String topic = arguments[2];
    switch (arguments[0]) {
      case "produce" -> produce(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
      case "odd" -> odd(bootstrap, topic);
      case "transactions" -> transactions(bootstrap, topic, Integer.parseInt(arguments[3]));
      case "consume" -> consume(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, ?> settings) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("key.serializer", ByteArraySerializer.class);
    properties.put("value.serializer", ByteArraySerializer.class);
    properties.put("linger.ms", 5);
    properties.putAll(settings);
    return new KafkaProducer<>(properties);
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int count, String prefix) {
    for (int n = 0; n < count; n++) {
      byte[] key = ("key-" + n % KEYS).getBytes();
      producer.send(new ProducerRecord<>(topic, key, (prefix + "-" + n).getBytes()), KafkaClient::check);
    }
    producer.flush();
  }

  private static void check(Object metadata, Exception error) {
    if (error != null && !(error instanceof org.apache.kafka.common.errors.TransactionAbortedException)) {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static void produce(String bootstrap, String topic, int count, String compression) {
    try (var producer = producer(bootstrap, Map.of("compression.type", compression))) {
      send(producer, topic, count, "record");
    }
  }

  private static void odd(String bootstrap, String topic) throws Exception {
    byte[] binary = {(byte) 0xff, (byte) 0xfe, 0};
    try (var producer = producer(bootstrap, Map.of())) {
      producer.send(new ProducerRecord<>(topic, 0, null, "no key".getBytes())).get();
      producer.send(new ProducerRecord<>(topic, 0, "no value".getBytes(), null)).get();
      producer.send(new ProducerRecord<>(topic, 0, binary, "binary key".getBytes())).get();
      producer.send(new ProducerRecord<>(topic, 0, "x".repeat(300).getBytes(), "long key".getBytes())).get();
      var headers = List.<org.apache.kafka.common.header.Header>of(new RecordHeader("h", binary));
      producer.send(new ProducerRecord<>(topic, 0, "headers".getBytes(), "headers".getBytes(), headers)).get();
    }
  }

  private static void transactions(String bootstrap, String topic, int count) {
    try (var producer = producer(bootstrap, Map.of("transactional.id", "java-" + topic))) {
      producer.initTransactions();
      producer.beginTransaction();
      send(producer, topic, count, "aborted");
      producer.abortTransaction();
      producer.beginTransaction();
      send(producer, topic, count, "record");
      producer.commitTransaction();
    }
  }

  private static void consume(String bootstrap, String topic, int count, String protocol) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("group.id", "java-" + protocol + "-" + topic);
    properties.put("group.protocol", protocol);
    properties.put("auto.offset.reset", "earliest");
    properties.put("isolation.level", "read_committed");
    properties.put("key.deserializer", ByteArrayDeserializer.class);
    properties.put("value.deserializer", ByteArrayDeserializer.class);
    StringBuilder out = new StringBuilder();
    try (var consumer = new KafkaConsumer<byte[], byte[]>(properties)) {
      consumer.subscribe(List.of(topic));
      long giveUp = System.currentTimeMillis() + DEADLINE_MS;
      int left = count;
      while (left > 0) {
        if (System.currentTimeMillis() > giveUp) throw new IllegalStateException(left + " missing");
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          print(out, record);
          left--;
        }
      }
      consumer.commitSync();
    }
    System.out.print(out);
  }

  private static void print(StringBuilder out, ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "null" : '"' + new String(record.key()) + '"';
    byte[] value = record.value() == null ? new byte[0] : record.value();
    out.append(
        String.format(
            "{\"partition\":%d,\"offset\":%d,\"key\":%s,\"value\":\"%s\",\"ms\":%d}%n",
            record.partition(),
            record.offset(),
            key,
            Base64.getEncoder().encodeToString(value),
            record.timestamp()));
  }
}
