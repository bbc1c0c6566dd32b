import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.UUID;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * One worker of an application of KCL 2 or 3, with the clients that KCL makes by default.
 *
 * KINESIS DYNAMODB STREAM APPLICATION polling|fan-out   reads from TRIM_HORIZON and checkpoints
 *     after each batch until its input ends; records, what befell its shards, and the checkpoints
 *     that were made, as JSON lines. The properties worker.id and failover.ms may be set.
 */
public class KclWorker {
  private static final int SECOND_MS = 1_000;

  public static void main(String[] arguments) throws Exception {
    String stream = arguments[2];
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any"));
    var kinesis =
        KinesisClientUtil.createKinesisAsyncClient(
            KinesisAsyncClient.builder()
                .endpointOverride(URI.create(arguments[0]))
                .region(Region.US_EAST_1)
                .credentialsProvider(credentials));
    var dynamodb =
        DynamoDbAsyncClient.builder()
            .endpointOverride(URI.create(arguments[1]))
            .region(Region.US_EAST_1)
            .credentialsProvider(credentials)
            .build();
    var cloudwatch =
        CloudWatchAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(credentials).build();
    var horizon =
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var configs =
        new ConfigsBuilder(
            new SingleStreamTracker(stream, horizon),
            arguments[3],
            kinesis,
            dynamodb,
            cloudwatch,
            System.getProperty("worker.id", "worker-" + UUID.randomUUID()),
            Processor::new);
    var retrieval = configs.retrievalConfig();
    if (arguments[4].equals("polling")) {
      retrieval.retrievalSpecificConfig(
          new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(SECOND_MS / 4));
    }
    // Shorter waits than the defaults, which are made for days of work.
    int failoverMs = Integer.getInteger("failover.ms", 3 * SECOND_MS);
    var scheduler =
        new Scheduler(
            configs.checkpointConfig(),
            configs
                .coordinatorConfig()
                .parentShardPollIntervalMillis(SECOND_MS)
                .shardConsumerDispatchPollIntervalMillis(SECOND_MS / 4),
            configs.leaseManagementConfig().failoverTimeMillis(failoverMs).shardSyncIntervalMillis(SECOND_MS),
            configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            retrieval);
    var running = new Thread(scheduler, "scheduler");
    running.setDaemon(true);
    running.start();
    while (System.in.read() != -1) {}
    scheduler.startGracefulShutdown().get();
    System.exit(0);
  }

  private interface Checkpoint {
    void now() throws Exception;
  }

  private static class Processor implements ShardRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
      say("started");
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      var lines = new StringBuilder();
      long handedAt = System.currentTimeMillis();
      for (KinesisClientRecord record : input.records()) {
        lines.append(
            String.format(
                "{\"shard\":\"%s\",\"seq\":\"%s\",\"sub\":%d,\"key\":\"%s\",\"value\":\"%s\",\"ms\":%d,\"at\":%d}%n",
                shard,
                record.sequenceNumber(),
                record.subSequenceNumber(),
                record.partitionKey(),
                base64(record.data()),
                record.approximateArrivalTimestamp().toEpochMilli(),
                handedAt));
      }
      System.out.print(lines);
      System.out.flush();
      if (input.records().isEmpty()) return;
      long asked = System.currentTimeMillis();
      at(() -> input.checkpointer().checkpoint());
      System.out.printf(
          "{\"shard\":\"%s\",\"event\":\"checkpointed\",\"seq\":\"%s\",\"asked\":%d,\"at\":%d}%n",
          shard,
          input.records().get(input.records().size() - 1).sequenceNumber(),
          asked,
          System.currentTimeMillis());
      System.out.flush();
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      say("lost");
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      say("ended");
      at(() -> input.checkpointer().checkpoint());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      at(() -> input.checkpointer().checkpoint());
    }

    private void say(String what) {
      System.out.printf("{\"shard\":\"%s\",\"event\":\"%s\"}%n", shard, what);
      System.out.flush();
    }

    private static void at(Checkpoint checkpoint) {
      try {
        checkpoint.now();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }

    private static String base64(ByteBuffer data) {
      var bytes = new byte[data.remaining()];
      data.get(bytes);
      return Base64.getEncoder().encodeToString(bytes);
    }
  }
}
