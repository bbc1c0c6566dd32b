import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A KCL application reads three records and stops; the Kafka consumer group of the same name reads
 * on behind its checkpoint.
 */
public class HandOver {
  private static final String STREAM = "example-kcl-" + System.currentTimeMillis();
  private static final String APPLICATION = STREAM + "-app";
  private static final CountDownLatch firstThree = new CountDownLatch(3);

  public static void main(String[] arguments) throws Exception {
    var kinesis = local(KinesisAsyncClient.builder(), "KINESIS_ENDPOINT", "http://127.0.0.1:4567");
    kinesis.createStream(request -> request.streamName(STREAM).shardCount(1)).join();
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(STREAM)).join();

    put(kinesis, 1, 3);
    readByKcl(kinesis);
    put(kinesis, 4, 6);
    readByKafka();

    kinesis.deleteStream(request -> request.streamName(STREAM)).join();
    System.exit(0);
  }

  private static void put(KinesisAsyncClient kinesis, int first, int last) {
    for (int position = first; position <= last; position++) {
      var data = SdkBytes.fromUtf8String("position " + position);
      kinesis
          .putRecord(request -> request.streamName(STREAM).partitionKey("truck-1").data(data))
          .join();
    }
  }

  private static void readByKcl(KinesisAsyncClient kinesis) throws Exception {
    var horizon =
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var configs =
        new ConfigsBuilder(
            new SingleStreamTracker(STREAM, horizon),
            APPLICATION,
            kinesis,
            local(DynamoDbAsyncClient.builder(), "DYNAMODB_ENDPOINT", "http://127.0.0.1:8000"),
            CloudWatchAsyncClient.builder().region(Region.US_EAST_1).build(),
            "worker-1",
            Processor::new);
    var scheduler =
        new Scheduler(
            configs.checkpointConfig(),
            configs.coordinatorConfig(),
            configs.leaseManagementConfig(),
            configs.lifecycleConfig(),
            // There is no CloudWatch here.
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            configs
                .retrievalConfig()
                .retrievalSpecificConfig(new PollingConfig(STREAM, kinesis)));
    new Thread(scheduler).start();
    firstThree.await();
    scheduler.startGracefulShutdown().get();
  }

  private static void readByKafka() {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", setting("KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            "group.id", APPLICATION,
            "auto.offset.reset", "earliest",
            "key.deserializer", StringDeserializer.class,
            "value.deserializer", StringDeserializer.class);
    try (var consumer = new KafkaConsumer<String, String>(settings)) {
      consumer.subscribe(List.of(STREAM));
      for (int count = 0; count < 3; ) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.printf("read by Kafka: %s, %s%n", record.key(), record.value());
          count++;
        }
      }
    }
  }

  private static class Processor implements ShardRecordProcessor {
    @Override
    public void processRecords(ProcessRecordsInput input) {
      for (var record : input.records()) {
        var value = SdkBytes.fromByteBuffer(record.data()).asUtf8String();
        System.out.printf("read by KCL: %s, %s%n", record.partitionKey(), value);
        firstThree.countDown();
      }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (InvalidStateException | ShutdownException error) {
        throw new IllegalStateException(error);
      }
    }

    @Override
    public void initialize(InitializationInput input) {}

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {}
  }

  private static <B extends AwsClientBuilder<B, C>, C> C local(B builder, String name, String url) {
    return builder
        .endpointOverride(URI.create(setting(name, url)))
        .region(Region.US_EAST_1)
        // The gateway and DynamoDB Local accept any credentials.
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")))
        .build();
  }

  private static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
