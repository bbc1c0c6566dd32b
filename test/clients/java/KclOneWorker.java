import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.v2.IRecordProcessor;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.InitialPositionInStream;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.KinesisClientLibConfiguration;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.ShutdownReason;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.Worker;
import com.amazonaws.services.kinesis.clientlibrary.types.InitializationInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ProcessRecordsInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ShutdownInput;
import com.amazonaws.services.kinesis.clientlibrary.types.UserRecord;
import com.amazonaws.services.kinesis.metrics.impl.NullMetricsFactory;
import com.amazonaws.services.kinesis.model.Record;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.UUID;

/**
 * One worker of an application of KCL 1, which knows polling only.
 *
 * KINESIS DYNAMODB STREAM APPLICATION polling   as KclWorker, and prints the same
 */
public class KclOneWorker {
  private static final int SECOND_MS = 1_000;

  public static void main(String[] arguments) throws Exception {
    var credentials = new AWSStaticCredentialsProvider(new BasicAWSCredentials("any", "any"));
    // Shorter waits than the defaults, which are made for days of work.
    var configuration =
        new KinesisClientLibConfiguration(
                arguments[3], arguments[2], credentials, "worker-" + UUID.randomUUID())
            .withKinesisEndpoint(arguments[0])
            .withDynamoDBEndpoint(arguments[1])
            .withRegionName("us-east-1")
            .withInitialPositionInStream(InitialPositionInStream.TRIM_HORIZON)
            .withFailoverTimeMillis(3 * SECOND_MS)
            .withShardSyncIntervalMillis(SECOND_MS)
            .withParentShardPollIntervalMillis(SECOND_MS)
            .withIdleTimeBetweenReadsInMillis(SECOND_MS / 4);
    var worker =
        new Worker.Builder()
            .recordProcessorFactory(Processor::new)
            .config(configuration)
            .metricsFactory(new NullMetricsFactory())
            .build();
    var running = new Thread(worker, "worker");
    running.setDaemon(true);
    running.start();
    while (System.in.read() != -1) {}
    worker.startGracefulShutdown().get();
    System.exit(0);
  }

  private static class Processor implements IRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput input) {
      shard = input.getShardId();
      say("started");
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      var lines = new StringBuilder();
      for (Record record : input.getRecords()) {
        long sub = record instanceof UserRecord user ? user.getSubSequenceNumber() : 0;
        lines.append(
            String.format(
                "{\"shard\":\"%s\",\"seq\":\"%s\",\"sub\":%d,\"key\":\"%s\",\"value\":\"%s\",\"ms\":%d}%n",
                shard,
                record.getSequenceNumber(),
                sub,
                record.getPartitionKey(),
                base64(record.getData()),
                record.getApproximateArrivalTimestamp().getTime()));
      }
      System.out.print(lines);
      System.out.flush();
      if (!input.getRecords().isEmpty()) checkpoint(input.getCheckpointer()::checkpoint);
    }

    @Override
    public void shutdown(ShutdownInput input) {
      boolean ended = input.getShutdownReason() == ShutdownReason.TERMINATE;
      say(ended ? "ended" : "lost");
      if (ended) checkpoint(input.getCheckpointer()::checkpoint);
    }

    private interface Checkpoint {
      void now() throws Exception;
    }

    private static void checkpoint(Checkpoint checkpoint) {
      try {
        checkpoint.now();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }

    private void say(String what) {
      System.out.printf("{\"shard\":\"%s\",\"event\":\"%s\"}%n", shard, what);
      System.out.flush();
    }

    private static String base64(ByteBuffer data) {
      var bytes = new byte[data.remaining()];
      data.get(bytes);
      return Base64.getEncoder().encodeToString(bytes);
    }
  }
}
