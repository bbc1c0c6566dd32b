import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** Writes with the AWS SDK for Java 2 and reads with kafka-clients. */
public class KinesisToKafka {
  private static final String STREAM = "example-java-" + System.currentTimeMillis();

  public static void main(String[] arguments) {
    var endpoint = URI.create(setting("KINESIS_ENDPOINT", "http://127.0.0.1:4567"));
    // The gateway accepts any credentials.
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any"));
    try (var kinesis =
        KinesisClient.builder()
            .endpointOverride(endpoint)
            .region(Region.US_EAST_1)
            .credentialsProvider(credentials)
            .build()) {
      kinesis.createStream(request -> request.streamName(STREAM).shardCount(1));
      kinesis.waiter().waitUntilStreamExists(request -> request.streamName(STREAM));
      put(kinesis);
      read();
      kinesis.deleteStream(request -> request.streamName(STREAM));
    }
  }

  private static void put(KinesisClient kinesis) {
    for (int position = 1; position <= 3; position++) {
      var data = SdkBytes.fromUtf8String("position " + position);
      kinesis.putRecord(request -> request.streamName(STREAM).partitionKey("truck-1").data(data));
    }
  }

  private static void read() {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", setting("KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            "group.id", STREAM,
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

  private static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
