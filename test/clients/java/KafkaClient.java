import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * kafka-clients as its users run it; records as JSON lines.
 *
 * produce BOOTSTRAP TOPIC COUNT CODEC,…       record-0 … under 97 keys, idempotent, by every codec
 * odd BOOTSTRAP TOPIC                         records with no key, no value, binary keys, headers
 * transactions BOOTSTRAP TOPIC COUNT          COUNT aborted records, then COUNT committed ones
 * consume BOOTSTRAP TOPIC COUNT PROTOCOL      a group (classic or consumer) reads COUNT records
 * follow BOOTSTRAP TOPIC GROUP PROTOCOL [ID]  a member that reads and commits until its input ends;
 *     PROTOCOL may be cooperative
 * all BOOTSTRAP TOPIC                         every committed record up to the end, without a group
 * members BOOTSTRAP TOPIC PROTOCOL            two members share the partitions; then one leaves
 * share BOOTSTRAP TOPIC COUNT [DLQ]           two members of a share group read COUNT records; with
 *     DLQ, every tenth is rejected, and its copy goes to that topic (KIP-1191)
 * draw BOOTSTRAP TOPIC GROUP VERDICT [COUNT]  a member of a share group that gives every record this
 *     verdict (accept, reject, release) until its input ends; it polls no more after COUNT records
 * transform BOOTSTRAP SOURCE COUNT TARGET     copies COUNT records in transactions, one aborted
 * copy BOOTSTRAP SOURCE COUNT TARGET          the same in many, each begun again where it failed
 */
public class KafkaClient {
  private static final int KEYS = 97;
  private static final long DEADLINE_MS = 60_000;
  private static final Duration POLL = Duration.ofMillis(200);

  public static void main(String[] arguments) throws Exception {
    String bootstrap = arguments[1];
    String topic = arguments[2];
    switch (arguments[0]) {
      case "produce" -> produce(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
      case "odd" -> odd(bootstrap, topic);
      case "transactions" -> transactions(bootstrap, topic, Integer.parseInt(arguments[3]));
      case "consume" -> consume(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
      case "follow" -> follow(bootstrap, topic, arguments[3], arguments[4], arguments.length > 5 ? arguments[5] : "java");
      case "all" -> all(bootstrap, topic);
      case "members" -> members(bootstrap, topic, arguments[3]);
      case "share" -> share(bootstrap, topic, Integer.parseInt(arguments[3]), arguments.length > 4 ? arguments[4] : "");
      case "draw" -> draw(bootstrap, topic, arguments[3], arguments[4], arguments.length > 5 ? Integer.parseInt(arguments[5]) : Integer.MAX_VALUE);
      case "transform" -> transform(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
      case "copy" -> copy(bootstrap, topic, Integer.parseInt(arguments[3]), arguments[4]);
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

  private static void produce(String bootstrap, String topic, int count, String codecs) {
    for (String codec : codecs.split(",")) {
      try (var producer = producer(bootstrap, Map.of("compression.type", codec))) {
        send(producer, topic, count, "record");
      }
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

  private static Properties reader(String bootstrap, String group) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("group.id", group);
    properties.put("key.deserializer", ByteArrayDeserializer.class);
    properties.put("value.deserializer", ByteArrayDeserializer.class);
    return properties;
  }

  private static KafkaConsumer<byte[], byte[]> member(String bootstrap, String group, String protocol) {
    return member(bootstrap, group, protocol, Map.of());
  }

  private static KafkaConsumer<byte[], byte[]> member(
      String bootstrap, String group, String protocol, Map<String, ?> settings) {
    Properties properties = reader(bootstrap, group);
    properties.put("group.protocol", protocol);
    properties.put("auto.offset.reset", "earliest");
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", false);
    properties.putAll(settings);
    return new KafkaConsumer<>(properties);
  }

  /** Calls `step` until `done`; fails when that takes too long. */
  private static void until(BooleanSupplier done, Runnable step) {
    long giveUp = System.currentTimeMillis() + DEADLINE_MS;
    while (!done.getAsBoolean()) {
      if (System.currentTimeMillis() > giveUp) throw new IllegalStateException("deadline");
      step.run();
    }
  }

  private static void consume(String bootstrap, String topic, int count, String protocol) {
    var read = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (var consumer = member(bootstrap, "java-" + protocol + "-" + topic, protocol)) {
      consumer.subscribe(List.of(topic));
      until(() -> read.size() >= count, () -> consumer.poll(POLL).forEach(read::add));
      consumer.commitSync();
    }
    print(read);
  }

  private static void follow(String bootstrap, String topic, String group, String protocol, String id) {
    var settings = new HashMap<String, Object>(Map.of("client.id", id, "metadata.max.age.ms", 10_000));
    // The coordinator says it where the group protocol is the new one.
    boolean isClassic = !protocol.equals("consumer");
    if (isClassic) settings.putAll(Map.of("session.timeout.ms", 10_000, "heartbeat.interval.ms", 1_000));
    if (protocol.equals("cooperative")) {
      settings.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
    }
    try (var consumer = member(bootstrap, group, isClassic ? "classic" : protocol, settings)) {
      consumer.subscribe(List.of(topic));
      var input = new Thread(KafkaClient::readInput);
      input.setDaemon(true);
      input.start();
      while (input.isAlive()) {
        var records = consumer.poll(POLL);
        if (records.isEmpty()) continue;
        StringBuilder out = new StringBuilder();
        out.append("{\"polled\":").append(System.currentTimeMillis()).append("}\n");
        for (var record : records) print(out, record);
        System.out.print(out);
        System.out.flush();
        commitTold(consumer, records.nextOffsets());
      }
    }
  }

  private static void readInput() {
    try {
      while (System.in.read() != -1) {}
    } catch (IOException error) {
      // It has ended as well.
    }
  }

  /** What was acknowledged, or why it was not, as a JSON line. */
  private static void commitTold(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, OffsetAndMetadata> offsets) {
    long asked = System.currentTimeMillis();
    try {
      consumer.commitSync(offsets);
      var committed = offsets.entrySet().stream()
          .map(each -> "\"" + each.getKey().partition() + "\":" + each.getValue().offset())
          .collect(Collectors.joining(",", "{\"committed\":{", "}"));
      committed += ",\"asked\":" + asked + ",\"at\":" + System.currentTimeMillis() + "}";
      System.out.println(committed);
    } catch (KafkaException error) {
      System.out.println("{\"failed\":\"" + error.getClass().getSimpleName() + "\"}");
    }
    System.out.flush();
  }

  private static void all(String bootstrap, String topic) {
    var read = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (var consumer = member(bootstrap, "java-all-" + topic, "classic")) {
      var partitions = consumer.partitionsFor(topic).stream()
          .map(each -> new TopicPartition(topic, each.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      until(
          () -> partitions.stream().allMatch(each -> consumer.position(each) >= ends.get(each)),
          () -> consumer.poll(POLL).forEach(read::add));
    }
    print(read);
  }

  private static void members(String bootstrap, String topic, String protocol) {
    String group = "java-members-" + protocol + "-" + topic;
    try (var stays = member(bootstrap, group, protocol)) {
      stays.subscribe(List.of(topic));
      try (var leaves = member(bootstrap, group, protocol)) {
        leaves.subscribe(List.of(topic));
        until(
            () -> stays.assignment().size() == 2 && leaves.assignment().size() == 2,
            () -> {
              stays.poll(POLL);
              leaves.poll(POLL);
            });
      }
      until(() -> stays.assignment().size() == 4, () -> stays.poll(POLL));
    }
  }

  private static void share(String bootstrap, String topic, int count, String deadLetters) throws Exception {
    String group = "java-share-" + topic;
    try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
      var earliest = new ConfigEntry("share.auto.offset.reset", "earliest");
      var sets = new ArrayList<>(List.of(new AlterConfigOp(earliest, AlterConfigOp.OpType.SET)));
      if (!deadLetters.isEmpty()) {
        var to = new ConfigEntry("errors.deadletterqueue.topic.name", deadLetters);
        var whole = new ConfigEntry("errors.deadletterqueue.copy.record.enable", "true");
        for (var each : List.of(to, whole)) sets.add(new AlterConfigOp(each, AlterConfigOp.OpType.SET));
      }
      admin.incrementalAlterConfigs(Map.of(resource, sets)).all().get();
      // A broker hears of it a moment after the answer, and a group that begins before reads nothing.
      long giveUp = System.currentTimeMillis() + DEADLINE_MS;
      while (!"earliest".equals(admin.describeConfigs(List.of(resource)).all().get().get(resource)
          .get(earliest.name()).value())) {
        if (System.currentTimeMillis() > giveUp) throw new IllegalStateException("the setting was never seen");
        Thread.sleep(POLL.toMillis());
      }
    }
    var read = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    Properties properties = reader(bootstrap, group);
    properties.put("share.acknowledgement.mode", "explicit");
    try (var one = new KafkaShareConsumer<byte[], byte[]>(properties);
        var other = new KafkaShareConsumer<byte[], byte[]>(properties)) {
      one.subscribe(List.of(topic));
      other.subscribe(List.of(topic));
      until(
          () -> read.size() >= count,
          () -> {
            for (var consumer : List.of(one, other)) {
              for (var record : consumer.poll(POLL)) {
                boolean isRejected = !deadLetters.isEmpty() && read.size() % 10 == 0;
                consumer.acknowledge(record, isRejected ? AcknowledgeType.REJECT : AcknowledgeType.ACCEPT);
                read.add(record);
              }
              consumer.commitSync();
            }
          });
    }
    print(read);
  }

  private static void draw(String bootstrap, String topic, String group, String verdict, int count) throws Exception {
    var type = AcknowledgeType.valueOf(verdict.toUpperCase());
    Properties properties = reader(bootstrap, group);
    properties.putAll(Map.of("share.acknowledgement.mode", "explicit", "max.poll.records", 20));
    try (var consumer = new KafkaShareConsumer<byte[], byte[]>(properties)) {
      consumer.subscribe(List.of(topic));
      var input = new Thread(KafkaClient::readInput);
      input.setDaemon(true);
      input.start();
      for (int drawn = 0; input.isAlive() && drawn < count; ) {
        var records = consumer.poll(POLL);
        StringBuilder out = new StringBuilder();
        for (var record : records) {
          consumer.acknowledge(record, type);
          out.append(String.format("{\"value\":\"%s\",\"count\":%d}%n", new String(record.value()), record.deliveryCount().get()));
        }
        for (var failure : consumer.commitSync().values()) {
          if (failure.isPresent()) throw failure.get();
        }
        System.out.print(out);
        System.out.flush();
        drawn += records.count();
      }
      input.join();
    }
  }

  private static void copy(String bootstrap, String source, int count, String target) {
    String group = "java-copy-" + source;
    int copied = 0;
    try (var consumer = member(bootstrap, group, "classic");
        var producer = producer(bootstrap, Map.of("transactional.id", group))) {
      producer.initTransactions();
      consumer.subscribe(List.of(source));
      long giveUp = System.currentTimeMillis() + DEADLINE_MS;
      while (copied < count) {
        if (System.currentTimeMillis() > giveUp) throw new IllegalStateException("deadline");
        var records = consumer.poll(POLL);
        if (records.isEmpty()) continue;
        producer.beginTransaction();
        try {
          records.forEach(each -> producer.send(new ProducerRecord<>(target, each.key(), each.value())));
          producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
          producer.commitTransaction();
          copied += records.count();
        } catch (KafkaException error) {
          System.err.println("begun again after " + error);
          producer.abortTransaction();
          var committed = consumer.committed(consumer.assignment());
          for (var partition : consumer.assignment()) {
            if (committed.get(partition) == null) consumer.seekToBeginning(List.of(partition));
            else consumer.seek(partition, committed.get(partition));
          }
        }
      }
    }
  }

  /** Offsets and records of a transaction that aborts must both be as if it had never been. */
  private static void transform(String bootstrap, String source, int count, String target) {
    String group = "java-transform-" + source;
    for (boolean commit : List.of(false, true)) {
      int copied = 0;
      try (var consumer = member(bootstrap, group, "classic");
          var producer = producer(bootstrap, Map.of("transactional.id", group))) {
        producer.initTransactions();
        consumer.subscribe(List.of(source));
        while (copied < count) {
          var records = consumer.poll(POLL);
          if (records.isEmpty()) continue;
          producer.beginTransaction();
          Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
          for (var record : records) {
            producer.send(new ProducerRecord<>(target, record.key(), record.value()), KafkaClient::check);
            var partition = new TopicPartition(source, record.partition());
            next.put(partition, new OffsetAndMetadata(record.offset() + 1));
            copied++;
          }
          producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
          producer.flush();
          if (commit) producer.commitTransaction();
          else producer.abortTransaction();
        }
      }
    }
  }

  private static void print(List<ConsumerRecord<byte[], byte[]>> records) {
    StringBuilder out = new StringBuilder();
    for (var record : records) print(out, record);
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
