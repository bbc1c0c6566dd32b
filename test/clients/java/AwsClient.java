import java.io.FileInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;
import software.amazon.kinesis.checkpoint.SequenceNumberValidator;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * The AWS SDK for Java 2 as its users run it (CBOR, unless -Daws.cborEnabled=false), and KCL's own
 * reading of sequence numbers.
 *
 * actions ENDPOINT STREAM [CA]        every core action once; what was seen as one JSON line
 * asynchronous ENDPOINT STREAM [CA]   a record there and back over HTTP/2, as KCL's clients speak
 * put ENDPOINT STREAM COUNT           record-0 … under 97 keys, as PutRecords of 500
 * read ENDPOINT STREAM                every record of every shard, as JSON lines
 * subscribe ENDPOINT STREAM COUNT [CA]  the same by enhanced fan-out, until it has seen so many
 * deaggregate ENDPOINT STREAM         what KCL makes of KPL's records, as JSON lines; of each whether
 *                                     KCL keeps it in its shard, judged by the hash of its key
 * validate                            "NUMBER SHARD" lines in; what KCL makes of each, as JSON lines
 */
public class AwsClient {
  private static final int KEYS = 97;
  private static final int BATCH = 500;
  private static final StaticCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any"));

  public static void main(String[] arguments) throws Exception {
    String stream = arguments.length > 2 ? arguments[2] : "";
    switch (arguments[0]) {
      case "actions" -> actions(arguments[1], stream, arguments.length > 3 ? arguments[3] : null);
      case "asynchronous" -> asynchronous(arguments[1], stream, arguments.length > 3 ? arguments[3] : null);
      case "put" -> put(client(arguments[1], null, type -> {}), stream, Integer.parseInt(arguments[3]));
      case "read" -> read(client(arguments[1], null, type -> {}), stream);
      case "subscribe" ->
          subscribe(
              arguments[1], stream, Integer.parseInt(arguments[3]), arguments.length > 4 ? arguments[4] : null);
      case "deaggregate" -> deaggregate(client(arguments[1], null, type -> {}), stream);
      case "validate" -> validate();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** `ca`: a file with the certificate to trust; `types` hears the content type of each request. */
  private static KinesisClient client(String endpoint, String ca, Consumer<String> types) throws Exception {
    var http = ApacheHttpClient.builder();
    if (ca != null) http.tlsTrustManagersProvider(trusting(ca)::getTrustManagers);
    var heard =
        new ExecutionInterceptor() {
          @Override
          public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            types.accept(context.httpRequest().firstMatchingHeader("Content-Type").orElse("none"));
          }
        };
    return KinesisClient.builder()
        .endpointOverride(URI.create(endpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(CREDENTIALS)
        .httpClientBuilder(http)
        .overrideConfiguration(o -> o.addExecutionInterceptor(heard))
        .build();
  }

  private static TrustManagerFactory trusting(String ca) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (var file = new FileInputStream(ca)) {
      var certificate = CertificateFactory.getInstance("X.509").generateCertificate(file);
      trusted.setCertificateEntry("gateway", certificate);
    }
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    return factory;
  }

  private static KinesisAsyncClient asynchronousClient(String endpoint, String ca) throws Exception {
    var http = NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2);
    if (ca != null) http.tlsTrustManagersProvider(trusting(ca)::getTrustManagers);
    return KinesisAsyncClient.builder()
        .endpointOverride(URI.create(endpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(CREDENTIALS)
        .httpClientBuilder(http)
        .build();
  }

  private static void asynchronous(String endpoint, String stream, String ca) throws Exception {
    try (var kinesis = asynchronousClient(endpoint, ca)) {
      var put = kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").data(bytes("there"))).get();
      String iterator =
          kinesis
              .getShardIterator(
                  r ->
                      r.streamName(stream)
                          .shardId(put.shardId())
                          .shardIteratorType(ShardIteratorType.AT_SEQUENCE_NUMBER)
                          .startingSequenceNumber(put.sequenceNumber()))
              .get()
              .shardIterator();
      var records = kinesis.getRecords(r -> r.shardIterator(iterator)).get().records();
      System.out.println(values(records));
    }
  }

  private static void put(KinesisClient kinesis, String stream, int count) {
    for (int first = 0; first < count; first += BATCH) {
      List<PutRecordsRequestEntry> entries = new ArrayList<>();
      for (int n = first; n < Math.min(first + BATCH, count); n++) {
        entries.add(entry("key-" + n % KEYS, "record-" + n));
      }
      var answer = kinesis.putRecords(r -> r.streamName(stream).records(entries));
      if (answer.failedRecordCount() != 0) throw new IllegalStateException(answer.toString());
      for (int index = 0; index < entries.size(); index++) {
        var result = answer.records().get(index);
        System.out.printf(
            "{\"n\":%d,\"shard\":\"%s\",\"seq\":\"%s\"}%n",
            first + index, result.shardId(), result.sequenceNumber());
      }
    }
  }

  private static void read(KinesisClient kinesis, String stream) {
    for (var shard : kinesis.listShards(r -> r.streamName(stream)).shards()) {
      forEach(kinesis, stream, shard, record -> System.out.print(line(shard.shardId(), record)));
    }
    System.out.flush();
  }

  /** Every record of a shard, as far as there is one now. */
  private static void forEach(
      KinesisClient kinesis, String stream, Shard shard, Consumer<Record> each) {
    String iterator =
        iterator(
            kinesis, stream, shard.shardId(), r -> r.shardIteratorType(ShardIteratorType.TRIM_HORIZON));
    while (iterator != null) {
      String here = iterator;
      var answer = kinesis.getRecords(r -> r.shardIterator(here));
      answer.records().forEach(each);
      iterator = answer.nextShardIterator();
      if (answer.millisBehindLatest() == 0 && answer.records().isEmpty()) break;
    }
  }

  private static String line(String shard, Record record) {
    return String.format(
        "{\"shard\":\"%s\",\"seq\":\"%s\",\"key\":\"%s\",\"value\":\"%s\",\"ms\":%d}%n",
        shard,
        record.sequenceNumber(),
        record.partitionKey(),
        Base64.getEncoder().encodeToString(record.data().asByteArray()),
        record.approximateArrivalTimestamp().toEpochMilli());
  }

  private static void subscribe(String endpoint, String stream, int count, String ca) throws Exception {
    try (var kinesis = asynchronousClient(endpoint, ca)) {
      String arn =
          kinesis.describeStreamSummary(r -> r.streamName(stream)).get().streamDescriptionSummary().streamARN();
      String name = "java-" + System.nanoTime();
      String consumer =
          kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName(name)).get().consumer().consumerARN();
      while (kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).get().consumerDescription()
          .consumerStatus() != ConsumerStatus.ACTIVE) {
        Thread.sleep(100);
      }
      var left = new CountDownLatch(count);
      for (var shard : kinesis.listShards(r -> r.streamName(stream)).get().shards()) {
        var visitor =
            SubscribeToShardResponseHandler.Visitor.builder()
                .onSubscribeToShardEvent(
                    event ->
                        event.records().forEach(
                            record -> {
                              System.out.print(line(shard.shardId(), record));
                              left.countDown();
                            }))
                .build();
        kinesis.subscribeToShard(
            r ->
                r.consumerARN(consumer)
                    .shardId(shard.shardId())
                    .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)),
            SubscribeToShardResponseHandler.builder().subscriber(visitor).build());
      }
      left.await();
      System.out.flush();
      kinesis.deregisterStreamConsumer(r -> r.consumerARN(consumer)).get();
      System.exit(0);
    }
  }

  private static void deaggregate(KinesisClient kinesis, String stream) {
    var util = new AggregatorUtil();
    for (var shard : kinesis.listShards(r -> r.streamName(stream)).shards()) {
      var range = shard.hashKeyRange();
      forEach(
          kinesis,
          stream,
          shard,
          record -> {
            // KCL reads a record's buffer to its end, so each reading has one of its own.
            var whole = util.deaggregate(List.of(KinesisClientRecord.fromRecord(record)));
            var ours =
                util.deaggregate(
                    List.of(KinesisClientRecord.fromRecord(record)),
                    range.startingHashKey(),
                    range.endingHashKey());
            var kept = new HashSet<Long>();
            ours.forEach(each -> kept.add(each.subSequenceNumber()));
            for (var each : whole) {
              System.out.printf(
                  "{\"shard\":\"%s\",\"seq\":\"%s\",\"sub\":%d,\"key\":\"%s\",\"value\":\"%s\","
                      + "\"aggregated\":%s,\"kept\":%s}%n",
                  shard.shardId(),
                  each.sequenceNumber(),
                  each.subSequenceNumber(),
                  each.partitionKey(),
                  StandardCharsets.UTF_8.decode(each.data()),
                  each.aggregated(),
                  kept.contains(each.subSequenceNumber()));
            }
          });
    }
  }

  private static void validate() {
    var validator = new SequenceNumberValidator();
    var lines = new Scanner(System.in);
    while (lines.hasNext()) {
      String number = lines.next();
      String shard = lines.next();
      System.out.printf(
          "{\"version\":%d,\"shard\":\"%s\",\"valid\":%s}%n",
          validator.versionFor(number).orElse(-1),
          validator.shardIdFor(number).orElse("none"),
          validator.validateSequenceNumberForShard(number, shard).orElse(false));
    }
  }

  /** The same scenario as in test/clients/node/actions.ts, with the same words for what was seen. */
  private static void actions(String endpoint, String stream, String ca) throws Exception {
    var contentTypes = new TreeSet<String>();
    var kinesis = client(endpoint, ca, contentTypes::add);
    var seen = new ArrayList<String>();
    kinesis.createStream(r -> r.streamName(stream).shardCount(2));
    kinesis.waiter().waitUntilStreamExists(r -> r.streamName(stream));
    note(seen, "listed", kinesis.listStreams(r -> {}).streamNames().contains(stream));
    var described = kinesis.describeStream(r -> r.streamName(stream)).streamDescription();
    note(seen, "status", described.streamStatusAsString());
    note(seen, "shards", described.shards().size());
    note(seen, "retention", described.retentionPeriodHours());
    kinesis.addTagsToStream(r -> r.streamName(stream).tags(Map.of("team", "a", "cost", "b")));
    kinesis.removeTagsFromStream(r -> r.streamName(stream).tagKeys("cost"));
    var tags = kinesis.listTagsForStream(r -> r.streamName(stream)).tags();
    note(seen, "tags", texts(tags.stream().map(tag -> tag.key() + "=" + tag.value()).toList()));
    kinesis.increaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(48));
    kinesis.decreaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(36));
    var summary = kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary();
    note(seen, "retentionNow", summary.retentionPeriodHours());
    note(seen, "open", summary.openShardCount());
    readAndWrite(kinesis, stream, seen);
    try {
      kinesis.putRecord(r -> r.streamName(stream + "-none").partitionKey("k").data(bytes("x")));
    } catch (ResourceNotFoundException expected) {
      note(seen, "missing", expected.awsErrorDetails().errorCode());
    }
    kinesis.deleteStream(r -> r.streamName(stream));
    kinesis.waiter().waitUntilStreamNotExists(r -> r.streamName(stream));
    note(seen, "listedAfterDelete", kinesis.listStreams(r -> {}).streamNames().contains(stream));
    note(seen, "contentTypes", texts(List.copyOf(contentTypes)));
    System.out.println("{" + String.join(",", seen) + "}");
  }

  private static void readAndWrite(KinesisClient kinesis, String stream, List<String> seen) {
    var first = kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").data(bytes("first")));
    var entries = List.of(entry("k", "a"), entry("k", "b"), entry("k", "c"));
    var put = kinesis.putRecords(r -> r.streamName(stream).records(entries));
    note(seen, "failed", put.failedRecordCount());
    String a = put.records().get(0).sequenceNumber();
    String shard = first.shardId();
    note(seen, "oneShard", put.records().stream().allMatch(each -> each.shardId().equals(shard)));
    var shards = kinesis.listShards(r -> r.streamName(stream)).shards();
    note(seen, "shardIds", texts(shards.stream().map(each -> each.shardId()).toList()));
    var horizon =
        records(kinesis, iterator(kinesis, stream, shard, r -> r.shardIteratorType("TRIM_HORIZON")));
    note(seen, "trimHorizon", values(horizon));
    note(
        seen,
        "sameSequence",
        horizon.get(0).sequenceNumber().equals(first.sequenceNumber())
            && horizon.get(1).sequenceNumber().equals(a));
    var at = horizon.get(0).approximateArrivalTimestamp();
    note(seen, "fresh", Math.abs(System.currentTimeMillis() - at.toEpochMilli()) < 600_000);
    String latest = iterator(kinesis, stream, shard, r -> r.shardIteratorType("LATEST"));
    Map<String, Consumer<GetShardIteratorRequest.Builder>> kinds =
        Map.of(
            "atSequence",
            r -> r.shardIteratorType("AT_SEQUENCE_NUMBER").startingSequenceNumber(a),
            "afterSequence",
            r -> r.shardIteratorType("AFTER_SEQUENCE_NUMBER").startingSequenceNumber(a),
            "atTimestamp",
            r -> r.shardIteratorType("AT_TIMESTAMP").timestamp(at));
    kinds.forEach(
        (name, kind) ->
            note(seen, name, values(records(kinesis, iterator(kinesis, stream, shard, kind)))));
    try {
      var future = at.plusSeconds(3_600);
      iterator(kinesis, stream, shard, r -> r.shardIteratorType("AT_TIMESTAMP").timestamp(future));
    } catch (InvalidArgumentException expected) {
      note(seen, "atFutureTimestamp", expected.awsErrorDetails().errorCode());
    }
    kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").data(bytes("last")));
    note(seen, "latest", values(records(kinesis, latest)));
  }

  private static String iterator(
      KinesisClient kinesis, String stream, String shard, Consumer<GetShardIteratorRequest.Builder> kind) {
    return kinesis
        .getShardIterator(r -> kind.accept(r.streamName(stream).shardId(shard)))
        .shardIterator();
  }

  private static List<Record> records(KinesisClient kinesis, String iterator) {
    return kinesis.getRecords(r -> r.shardIterator(iterator)).records();
  }

  private static PutRecordsRequestEntry entry(String key, String value) {
    return PutRecordsRequestEntry.builder().partitionKey(key).data(bytes(value)).build();
  }

  private static SdkBytes bytes(String text) {
    return SdkBytes.fromUtf8String(text);
  }

  private static String values(List<Record> records) {
    return texts(records.stream().map(record -> record.data().asUtf8String()).toList());
  }

  private static String texts(List<String> values) {
    return "[" + String.join(",", values.stream().map(value -> '"' + value + '"').toList()) + "]";
  }

  private static void note(List<String> seen, String name, Object value) {
    boolean bare = !(value instanceof String text) || text.startsWith("[");
    seen.add('"' + name + "\":" + (bare ? value.toString() : '"' + value.toString() + '"'));
  }
}
