import java.io.PrintStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Every call of Java's Admin, once, and what came of it: a line each, `call TAB outcome`. Names that
 * this program makes begin with PREFIX, which is printed as `*`, so that two runs can be compared.
 *
 * AdminSurface BOOTSTRAP PREFIX [STREAM]   STREAM: an existing topic of two partitions to work on
 */
public class AdminSurface {
  private static final long TIMEOUT_MS = 30_000;
  private static final long SEEN_TIMEOUT_MS = 20_000;
  private static final int RECORDS = 10;
  private static final Duration POLL = Duration.ofMillis(100);

  private final PrintStream out = System.out;
  private final String bootstrap;
  private final String prefix;
  private final String topic;
  private final TopicPartition first;
  private final TopicPartition second;
  private final Set<String> called = new TreeSet<>();
  private final Admin admin;
  private int broker;
  private Uuid topicId;

  private interface Call {
    Object run() throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    String topic = arguments.length > 2 ? arguments[2] : arguments[1] + "-topic";
    new AdminSurface(arguments[0], arguments[1], topic).run();
    // Not waiting for threads of clients that were left open in the middle of something.
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private AdminSurface(String bootstrap, String prefix, String topic) {
    this.bootstrap = bootstrap;
    this.prefix = prefix;
    this.topic = topic;
    first = new TopicPartition(topic, 0);
    second = new TopicPartition(topic, 1);
    admin = Admin.create(Map.of(
        "bootstrap.servers", bootstrap, "default.api.timeout.ms", (int) TIMEOUT_MS, "enable.metrics.push", true));
  }

  private void run() throws Exception {
    topics();
    configs();
    records();
    consumerGroups();
    shareGroups();
    streamsGroups();
    transactions();
    deletion();
    access();
    cluster();
    replicas();
    ownMetrics();
    call("deleteTopics", () -> admin.deleteTopics(List.of(prefix + "-topic")).all());
    call("deleteTopics, by id", () -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(topicId))).all());
    admin.close(Duration.ofSeconds(1));
    called.add("close");
    for (var method : Admin.class.getMethods()) {
      boolean isAbstract = java.lang.reflect.Modifier.isAbstract(method.getModifiers());
      if (isAbstract && !called.contains(method.getName())) out.println("never called\t" + method.getName());
    }
  }

  /** The name of the call is that of the method, up to a comma. */
  private void call(String name, Call call) {
    called.add(name.split(",")[0]);
    String outcome;
    try {
      Object answer = call.run();
      if (answer instanceof KafkaFuture<?> future) answer = future.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
      outcome = "ok " + answer;
    } catch (Exception error) {
      Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
      outcome = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }
    if (!topic.startsWith(prefix)) outcome = outcome.replace(topic, "*-topic");
    out.println(name + "\t" + outcome.replace(prefix, "*").replaceAll("\\s+", " "));
  }

  private static <T> Object sorted(Collection<T> values) {
    return values.stream().map(Object::toString).sorted().collect(Collectors.toList());
  }

  private interface Asking<T> {
    T ask() throws Exception;
  }

  /**
   * Asks until the answer is as expected, and so waits for what a former call changed: a broker hears
   * of that from the controller a moment after the answer. After a deadline it is the last answer, or
   * error, all the same.
   */
  private static <T> T until(Asking<T> asking, Predicate<T> isExpected) throws Exception {
    long giveUp = System.currentTimeMillis() + SEEN_TIMEOUT_MS;
    while (true) {
      boolean isLast = System.currentTimeMillis() > giveUp;
      try {
        T answer = asking.ask();
        if (isExpected.test(answer) || isLast) return answer;
      } catch (ExecutionException | java.util.NoSuchElementException error) {
        if (isLast) throw error;
      }
      Thread.sleep(POLL.toMillis());
    }
  }

  /** The answer that is not an error, as soon as there is one. */
  private static <T> T untilAnswered(Asking<T> asking) throws Exception {
    return until(asking, answer -> true);
  }

  private <T> Object own(Collection<T> values) {
    Predicate<String> isOwn = each -> each.contains(prefix);
    return values.stream().map(Object::toString).filter(isOwn).sorted().collect(Collectors.toList());
  }

  private void topics() throws Exception {
    call("createTopics", () -> {
      var results = admin.createTopics(List.of(new NewTopic(prefix + "-topic", 2, (short) 1)));
      results.all().get();
      return results.numPartitions(prefix + "-topic").get() + " partitions";
    });
    call("createTopics, again", () -> admin.createTopics(List.of(new NewTopic(prefix + "-topic", 2, (short) 1))).all());
    call("createTopics, validateOnly", () -> {
      var how = new CreateTopicsOptions().validateOnly(true);
      return admin.createTopics(List.of(new NewTopic(prefix + "-other", 1, (short) 99)), how).all();
    });
    admin.createTopics(List.of(new NewTopic(prefix + "-by-id", 1, (short) 1))).all().get();
    call("listTopics", () -> {
      var both = List.of(topic, prefix + "-by-id");
      return until(() -> admin.listTopics().names().get(), names -> names.containsAll(both)).containsAll(both);
    });
    call("describeTopics", () -> {
      var described = untilAnswered(() -> describe(topic));
      return described.partitions().size() + " partitions, " + described.isInternal();
    });
    call("describeTopics, by id", () -> {
      topicId = untilAnswered(() -> describe(prefix + "-by-id")).topicId();
      var ids = TopicCollection.ofTopicIds(List.of(topicId));
      return untilAnswered(() -> admin.describeTopics(ids).allTopicIds().get()).get(topicId).name();
    });
    call("describeTopics, unknown", () -> admin.describeTopics(List.of(prefix + "-unknown")).allTopicNames());
    call("createPartitions", () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
    call("createPartitions, fewer", () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(1))).all());
    // Groups that begin below are not to see partitions come.
    int partitions = topic.startsWith(prefix) ? 3 : 2;
    until(() -> describe(topic), described -> described.partitions().size() == partitions);
  }

  private TopicDescription describe(String name) throws Exception {
    return admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
  }

  private Config config(ConfigResource resource) throws Exception {
    return admin.describeConfigs(List.of(resource)).all().get().get(resource);
  }

  private static Predicate<Config> has(String name, String value) {
    return config -> config.get(name) != null && value.equals(config.get(name).value());
  }

  private KafkaFuture<Void> alter(ConfigResource resource, String name, String value) {
    return alter(resource, name, value, false);
  }

  private KafkaFuture<Void> alter(ConfigResource resource, String name, String value, boolean validateOnly) {
    var set = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    var how = new AlterConfigsOptions().validateOnly(validateOnly);
    return admin.incrementalAlterConfigs(Map.of(resource, List.of(set)), how).all();
  }

  private void configs() {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    call("incrementalAlterConfigs", () -> alter(resource, "retention.ms", "90000000"));
    call("incrementalAlterConfigs, size", () -> alter(resource, "max.message.bytes", "2000000"));
    call("incrementalAlterConfigs, short retention", () -> alter(resource, "retention.ms", "1000", true));
    call("incrementalAlterConfigs, compaction", () -> alter(resource, "cleanup.policy", "compact,delete", true));
    call("incrementalAlterConfigs, nonsense", () -> alter(resource, "retention.ms", "soon"));
    call("describeConfigs", () -> {
      var config = until(() -> config(resource), has("max.message.bytes", "2000000"));
      return config.get("max.message.bytes").value() + " " + config.get("min.insync.replicas").value();
    });
    call("describeConfigs, of the broker", () -> {
      var self = new ConfigResource(ConfigResource.Type.BROKER, String.valueOf(id()));
      return config(self).get("node.id").value();
    });
    call("listConfigResources", () -> {
      var types = Set.of(ConfigResource.Type.TOPIC);
      return until(() -> admin.listConfigResources(types, new ListConfigResourcesOptions()).all().get(),
          found -> found.contains(resource)).contains(resource);
    });
    call("listClientMetricsResources", () -> own(admin.listClientMetricsResources().all().get()));
  }

  private int id() throws Exception {
    if (broker == 0) broker = admin.describeCluster().controller().get().id();
    return admin.describeCluster().nodes().get().iterator().next().id();
  }

  private KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
    var settings = new TreeMap<String, Object>(more);
    settings.put("bootstrap.servers", bootstrap);
    settings.put("key.serializer", ByteArraySerializer.class);
    settings.put("value.serializer", ByteArraySerializer.class);
    return new KafkaProducer<>(settings);
  }

  private void write(KafkaProducer<byte[], byte[]> producer, int count) throws Exception {
    for (int n = 0; n < count; n++) producer.send(new ProducerRecord<>(topic, n % 2, null, new byte[] {(byte) n})).get();
  }

  private void records() throws Exception {
    try (var producer = producer(Map.of())) {
      write(producer, RECORDS);
    }
    for (var spec : new TreeMap<>(Map.of(
        "earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(), "max timestamp", OffsetSpec.maxTimestamp(),
        "of a time", OffsetSpec.forTimestamp(0), "earliest local", OffsetSpec.earliestLocal(),
        "latest tiered", OffsetSpec.latestTiered())).entrySet()) {
      call("listOffsets, " + spec.getKey(), () ->
          admin.listOffsets(Map.of(first, spec.getValue())).all().get().get(first).offset());
    }
  }

  private Map<String, Object> reader(String group) {
    return new TreeMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "key.deserializer",
        ByteArrayDeserializer.class, "value.deserializer", ByteArrayDeserializer.class));
  }

  private KafkaConsumer<byte[], byte[]> member(String group, String protocol, String instance) {
    var settings = reader(group);
    settings.put("group.protocol", protocol);
    settings.put("auto.offset.reset", "earliest");
    settings.put("client.id", instance);
    settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, instance);
    var consumer = new KafkaConsumer<byte[], byte[]>(settings);
    consumer.subscribe(List.of(topic));
    long giveUp = System.currentTimeMillis() + TIMEOUT_MS;
    int read = 0;
    while (read < RECORDS && System.currentTimeMillis() < giveUp) read += consumer.poll(POLL).count();
    consumer.commitSync();
    return consumer;
  }

  private void consumerGroups() throws Exception {
    for (var protocol : List.of("classic", "consumer")) {
      String group = prefix + "-" + protocol;
      var member = member(group, protocol, prefix + "-instance");
      call("describeConsumerGroups, " + protocol, () -> {
        var described = until(() -> describeGroup(group), found -> found.groupState() == GroupState.STABLE
            && found.members().iterator().next().assignment().topicPartitions().contains(first));
        var one = described.members().iterator().next();
        return described.groupState() + " " + one.assignment().topicPartitions().contains(first) + " "
            + one.groupInstanceId() + " " + described.type();
      });
      call("describeClassicGroups, " + protocol, () -> {
        var described = admin.describeClassicGroups(List.of(group)).all().get().get(group);
        return described.state() + " " + described.members().size();
      });
      call("deleteConsumerGroups, in use, " + protocol, () -> admin.deleteConsumerGroups(List.of(group)).all());
      call("alterConsumerGroupOffsets, in use, " + protocol, () ->
          admin.alterConsumerGroupOffsets(group, Map.of(first, new OffsetAndMetadata(1))).all());
      call("removeMembersFromConsumerGroup, " + protocol, () -> {
        var who = List.of(new MemberToRemove(prefix + "-instance"));
        return admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions(who)).all();
      });
      // It may have joined again since, and a static member that only closes stays in its group.
      member.close(CloseOptions.timeout(Duration.ofSeconds(10))
          .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
      until(() -> describeGroup(group), found -> found.groupState() == GroupState.EMPTY);
      emptyGroup(group, protocol);
    }
    call("listGroups", () -> own(admin.listGroups().all().get().stream().map(GroupListing::groupId).toList()));
    call("deleteConsumerGroups, unknown", () -> admin.deleteConsumerGroups(List.of(prefix + "-unknown")).all());
    call("describeConsumerGroups, unknown", () -> admin.describeConsumerGroups(List.of(prefix + "-unknown")).all());
  }

  private ConsumerGroupDescription describeGroup(String group) throws Exception {
    return admin.describeConsumerGroups(List.of(group)).all().get().get(group);
  }

  private ShareGroupDescription describeShareGroup(String group) throws Exception {
    return admin.describeShareGroups(List.of(group)).all().get().get(group);
  }

  private void emptyGroup(String group, String protocol) {
    call("listConsumerGroups, " + protocol, () ->
        own(admin.listConsumerGroups().all().get().stream().map(ConsumerGroupListing::groupId).toList()));
    call("listConsumerGroupOffsets, " + protocol, () ->
        new TreeMap<>(offsets(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get())));
    call("alterConsumerGroupOffsets, " + protocol, () ->
        admin.alterConsumerGroupOffsets(group, Map.of(first, new OffsetAndMetadata(3, "note"))).all());
    call("listConsumerGroupOffsets, altered, " + protocol, () ->
        new TreeMap<>(offsets(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get())));
    call("deleteConsumerGroupOffsets, " + protocol, () ->
        admin.deleteConsumerGroupOffsets(group, Set.of(second)).all());
    call("listConsumerGroupOffsets, deleted, " + protocol, () ->
        new TreeMap<>(offsets(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get())));
    call("deleteConsumerGroups, " + protocol, () -> admin.deleteConsumerGroups(List.of(group)).all());
    call("listConsumerGroupOffsets, of a deleted group, " + protocol, () ->
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
  }

  private static Map<String, String> offsets(Map<TopicPartition, OffsetAndMetadata> given) {
    return given.entrySet().stream().filter(each -> each.getKey().partition() < 2).collect(Collectors.toMap(
        each -> "partition " + each.getKey().partition(),
        each -> each.getValue() == null ? "none" : each.getValue().offset() + each.getValue().metadata()));
  }

  private void shareGroups() throws Exception {
    String group = prefix + "-share";
    alterGroup(group);
    try (var consumer = new KafkaShareConsumer<byte[], byte[]>(reader(group))) {
      consumer.subscribe(List.of(topic));
      long giveUp = System.currentTimeMillis() + TIMEOUT_MS;
      while (consumer.poll(POLL).isEmpty() && System.currentTimeMillis() < giveUp) ;
      consumer.commitSync();
      call("describeShareGroups", () -> {
        var described = until(() -> describeShareGroup(group), found -> found.groupState() == GroupState.STABLE);
        return described.groupState() + " " + described.members().size();
      });
      call("alterShareGroupOffsets, in use", () -> admin.alterShareGroupOffsets(group, Map.of(first, 4L)).all());
    }
    until(() -> describeShareGroup(group), found -> found.groupState() == GroupState.EMPTY);
    call("alterShareGroupOffsets", () -> admin.alterShareGroupOffsets(group, Map.of(first, 4L)).all());
    call("listShareGroupOffsets", () -> {
      var spec = Map.of(group, new ListShareGroupOffsetsSpec().topicPartitions(List.of(first)));
      return until(() -> admin.listShareGroupOffsets(spec, new ListShareGroupOffsetsOptions())
          .partitionsToOffsetInfo(group).get().get(first).startOffset(), offset -> offset == 4);
    });
    call("deleteShareGroupOffsets", () -> admin.deleteShareGroupOffsets(group, Set.of(topic)).all());
    call("deleteShareGroups", () -> admin.deleteShareGroups(List.of(group)).all());
  }

  private void alterGroup(String group) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    alter(resource, "share.auto.offset.reset", "earliest").get();
    until(() -> config(resource), has("share.auto.offset.reset", "earliest"));
  }

  /** The groups of a Kafka Streams application in its own protocol; test/clients runs one. */
  private void streamsGroups() {
    String group = prefix + "-streams";
    call("describeStreamsGroups", () -> admin.describeStreamsGroups(List.of(group)).all());
    call("alterStreamsGroupOffsets", () ->
        admin.alterStreamsGroupOffsets(group, Map.of(first, new OffsetAndMetadata(1))).all());
    call("listStreamsGroupOffsets", () -> offsets(
        admin.listStreamsGroupOffsets(Map.of(group, new ListStreamsGroupOffsetsSpec()),
            new ListStreamsGroupOffsetsOptions()).partitionsToOffsetAndMetadata(group).get()));
    call("deleteStreamsGroupOffsets", () -> admin.deleteStreamsGroupOffsets(group, Set.of(first)).all());
    call("deleteStreamsGroups", () -> admin.deleteStreamsGroups(List.of(group)).all());
  }

  private void transactions() throws Exception {
    String id = prefix + "-transaction";
    var producer = producer(Map.of("transactional.id", id));
    producer.initTransactions();
    producer.beginTransaction();
    write(producer, 2);
    call("describeTransactions", () -> {
      var described = admin.describeTransactions(List.of(id)).all().get().get(id);
      return described.state() + " " + sorted(described.topicPartitions());
    });
    call("listTransactions", () ->
        own(admin.listTransactions().all().get().stream().map(TransactionListing::transactionalId).toList()));
    call("describeProducers", () -> {
      var described = admin.describeProducers(List.of(first)).all().get().get(first).activeProducers();
      return described.stream().filter(each -> each.currentTransactionStartOffset().isPresent()).count();
    });
    call("abortTransaction", () -> {
      var active = admin.describeProducers(List.of(first)).all().get().get(first).activeProducers().stream()
          .filter(each -> each.currentTransactionStartOffset().isPresent()).findFirst().get();
      return admin.abortTransaction(new AbortTransactionSpec(
          first, active.producerId(), (short) active.producerEpoch(), active.coordinatorEpoch().orElse(-1))).all();
    });
    call("fenceProducers", () -> admin.fenceProducers(List.of(id)).all());
    call("fenceProducers, then the producer", () -> {
      producer.commitTransaction();
      return "committed";
    });
    producer.close(POLL);
    try (var next = producer(Map.of("transactional.id", id))) {
      next.initTransactions();
      next.beginTransaction();
      write(next, 2);
      call("forceTerminateTransaction", () -> admin.forceTerminateTransaction(id).result());
    }
  }

  private void deletion() {
    call("deleteRecords", () -> admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(2))).all());
    call("deleteRecords, too many", () -> admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(99))).all());
  }

  private void access() {
    var pattern = new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL);
    var entry = new AccessControlEntry("User:" + prefix, "*", AclOperation.READ, AclPermissionType.ALLOW);
    var rule = new AclBinding(pattern, entry);
    call("createAcls", () -> admin.createAcls(List.of(rule)).all());
    call("describeAcls", () ->
        until(() -> admin.describeAcls(rule.toFilter()).values().get(), found -> !found.isEmpty()));
    call("deleteAcls", () -> admin.deleteAcls(List.of(rule.toFilter())).all().get().size());
    var user = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, prefix));
    var rate = new ClientQuotaAlteration.Op("producer_byte_rate", 1e9);
    call("alterClientQuotas", () -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(user, List.of(rate)))).all());
    call("describeClientQuotas", () -> {
      var named = ClientQuotaFilterComponent.ofEntity(ClientQuotaEntity.CLIENT_ID, prefix);
      var filter = ClientQuotaFilter.contains(List.of(named));
      return until(() -> admin.describeClientQuotas(filter).entities().get(), found -> found.containsKey(user)).get(user);
    });
    var scram = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    call("alterUserScramCredentials", () ->
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(prefix, scram, "not-a-secret"))).all());
    call("describeUserScramCredentials", () ->
        until(() -> admin.describeUserScramCredentials(List.of(prefix)).all().get(),
            found -> !found.get(prefix).credentialInfos().isEmpty()));
    call("createDelegationToken", () -> admin.createDelegationToken().delegationToken());
    call("renewDelegationToken", () -> admin.renewDelegationToken(new byte[] {1}).expiryTimestamp());
    call("expireDelegationToken", () -> admin.expireDelegationToken(new byte[] {1}).expiryTimestamp());
    call("describeDelegationToken", () -> admin.describeDelegationToken().delegationTokens());
  }

  private void cluster() {
    call("describeCluster", () -> {
      var cluster = admin.describeCluster();
      return cluster.clusterId().get() + " " + sorted(cluster.nodes().get().stream().map(Node::id).toList());
    });
    call("describeCluster, controllers", () -> {
      var bootstrapped = Map.<String, Object>of("bootstrap.controllers", bootstrap, "default.api.timeout.ms", (int) TIMEOUT_MS);
      try (var other = Admin.create(bootstrapped)) {
        return other.describeCluster().clusterId().get();
      }
    });
    call("describeFeatures", () -> {
      var features = admin.describeFeatures().featureMetadata().get();
      return new TreeMap<>(features.finalizedFeatures());
    });
    call("updateFeatures", () -> {
      var update = new FeatureUpdate((short) 999, FeatureUpdate.UpgradeType.UPGRADE);
      return admin.updateFeatures(Map.of("group.version", update), new UpdateFeaturesOptions().validateOnly(true)).all();
    });
    call("describeMetadataQuorum", () -> {
      var quorum = admin.describeMetadataQuorum().quorumInfo().get();
      return quorum.leaderId() + " " + quorum.voters().size();
    });
    call("addRaftVoter", () -> {
      var endpoint = Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 1));
      return admin.addRaftVoter(77, Uuid.ONE_UUID, endpoint).all();
    });
    call("removeRaftVoter", () -> admin.removeRaftVoter(77, Uuid.ONE_UUID).all());
    call("unregisterBroker", () -> admin.unregisterBroker(77).all());
    call("unregisterController", () -> admin.unregisterController(77).all());
  }

  private void replicas() throws Exception {
    int id = id();
    var replica = new TopicPartitionReplica(topic, 0, id);
    call("describeLogDirs", () -> {
      var log = admin.describeLogDirs(List.of(id)).allDescriptions().get().get(id).values().iterator().next();
      return log.replicaInfos().containsKey(first);
    });
    call("describeReplicaLogDirs", () ->
        admin.describeReplicaLogDirs(List.of(replica)).all().get().get(replica).getCurrentReplicaOffsetLag());
    call("alterReplicaLogDirs", () -> admin.alterReplicaLogDirs(Map.of(replica, "/no/such/folder")).all());
    call("electLeaders", () -> admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).all());
    call("electLeaders, which", () -> new TreeMap<>(
        admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).partitions().get().entrySet().stream().collect(
            Collectors.toMap(each -> each.getKey().partition(), each -> each.getValue().toString()))));
    call("alterPartitionReassignments", () ->
        admin.alterPartitionReassignments(Map.of(first, Optional.of(new NewPartitionReassignment(List.of(id))))).all());
    call("alterPartitionReassignments, to a broker that is not there", () ->
        admin.alterPartitionReassignments(Map.of(first, Optional.of(new NewPartitionReassignment(List.of(77))))).all());
    call("listPartitionReassignments", () ->
        until(() -> admin.listPartitionReassignments(Set.of(first)).reassignments().get(), Map::isEmpty));
  }

  private void ownMetrics() {
    call("clientInstanceId", () -> admin.clientInstanceId(Duration.ofSeconds(1)) != null);
    call("metrics", () -> !admin.metrics().isEmpty());
    var metric = new org.apache.kafka.common.metrics.Metrics().metrics().values().iterator().next();
    call("registerMetricForSubscription", () -> {
      admin.registerMetricForSubscription(metric);
      return "";
    });
    call("unregisterMetricFromSubscription", () -> {
      admin.unregisterMetricFromSubscription(metric);
      return "";
    });
  }
}
