import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * KPL with its native daemon, which aggregates.
 *
 * HOST PORT CERTIFICATE STREAM COUNT KEYS   adds record-0 … under so many keys, or without keys
 *     if it is 0; what was acknowledged and failed, as one JSON line
 */
public class KplProducer {
  private static final int OUTSTANDING_MAX = 20_000;

  public static void main(String[] arguments) throws Exception {
    String host = arguments[0];
    int port = Integer.parseInt(arguments[1]);
    int count = Integer.parseInt(arguments[4]);
    int keys = Integer.parseInt(arguments[5]);
    var configuration =
        new KinesisProducerConfiguration()
            .setKinesisEndpoint(host)
            .setKinesisPort(port)
            // No other service is here: what it asks of them is refused, and it goes on.
            .setCloudwatchEndpoint(host)
            .setCloudwatchPort(port)
            .setStsEndpoint(host)
            .setStsPort(port)
            .setCaCertFile(arguments[2])
            .setRegion("us-east-1")
            .setMetricsLevel("none")
            .setRecordTtl(120_000)
            .setCredentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")));
    var producer = new KinesisProducer(configuration);
    var room = new Semaphore(OUTSTANDING_MAX);
    var acknowledged = new AtomicInteger();
    var failed = new AtomicInteger();
    var counting =
        new FutureCallback<UserRecordResult>() {
          @Override
          public void onSuccess(UserRecordResult result) {
            acknowledged.incrementAndGet();
            room.release();
          }

          @Override
          public void onFailure(Throwable error) {
            if (failed.getAndIncrement() == 0) error.printStackTrace();
            room.release();
          }
        };
    for (int n = 0; n < count; n++) {
      room.acquire();
      var data = ByteBuffer.wrap(("record-" + n).getBytes(StandardCharsets.UTF_8));
      var added =
          keys == 0
              ? producer.addUserRecord(arguments[3], data)
              : producer.addUserRecord(arguments[3], "key-" + n % keys, data);
      Futures.addCallback(added, counting, MoreExecutors.directExecutor());
      // KPL aggregates nothing before it knows the shards, which it asks for with the first record.
      if (n == 0) added.get();
    }
    producer.flushSync();
    room.acquire(OUTSTANDING_MAX);
    System.out.printf("{\"acknowledged\":%d,\"failed\":%d}%n", acknowledged.get(), failed.get());
    producer.destroy();
    System.exit(0);
  }
}
