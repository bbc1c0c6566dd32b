import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * A Kafka Streams application with exactly-once v2: each record of SOURCE, under another key, is
 * counted in a store, and the count goes to TARGET as `key TAB count` under the new key. Every record
 * of TARGET is therefore there once if, and only if, every record of SOURCE counted once.
 *
 * StreamsApp BOOTSTRAP APPLICATION SOURCE TARGET PROTOCOL FOLDER   runs until its input ends
 */
public class StreamsApp {
  private static final int GROUPS = 7;

  public static void main(String[] arguments) throws Exception {
    var builder = new StreamsBuilder();
    var strings = Serdes.String();
    builder
        .stream(arguments[2], Consumed.with(strings, strings))
        .map((key, value) -> KeyValue.pair(group(value), value))
        .groupByKey(Grouped.with(strings, strings))
        .count(Materialized.with(strings, Serdes.Long()))
        .toStream()
        .mapValues((key, count) -> key + "\t" + count)
        .to(arguments[3], Produced.with(strings, strings));
    var streams = new KafkaStreams(builder.build(), settings(arguments));
    var stopped = new CountDownLatch(1);
    streams.setStateListener((now, before) -> {
      System.out.println(now);
      if (now == State.ERROR) stopped.countDown();
    });
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler
          .StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    var input = new Thread(() -> {
      try {
        while (System.in.read() != -1) continue;
      } catch (java.io.IOException ended) {
        // As if it had ended in order.
      }
      stopped.countDown();
    });
    input.setDaemon(true);
    input.start();
    stopped.await();
    boolean failed = streams.state() == State.ERROR;
    var close = CloseOptions.timeout(Duration.ofSeconds(20))
        .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP);
    streams.close(close);
    System.exit(failed ? 1 : 0);
  }

  private static String group(String value) {
    return "group-" + Math.floorMod(value.hashCode(), GROUPS);
  }

  private static Properties settings(String[] arguments) {
    var properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("application.id", arguments[1]);
    properties.put("group.protocol", arguments[4]);
    properties.put("state.dir", arguments[5]);
    properties.put("processing.guarantee", "exactly_once_v2");
    properties.put("num.stream.threads", 2);
    properties.put("commit.interval.ms", 100);
    // Each count is to be seen, not the last of some.
    properties.put("statestore.cache.max.bytes", 0);
    properties.put("auto.offset.reset", "earliest");
    properties.put("replication.factor", 1);
    return properties;
  }
}
