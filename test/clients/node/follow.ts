/**
 * kafkajs as a member of a group that reads until its input ends: its records, and the commits that
 * were acknowledged, as JSON lines. A member that is asked to stop commits what it read.
 *
 *   follow.ts BOOTSTRAP TOPIC GROUP [ID]
 *
 * The programs in Java, Python and Go do the same by `follow`.
 */
import kafkajs from 'kafkajs';

const [bootstrap = '', topic = '', groupId = '', clientId = 'kafkajs'] = process.argv.slice(2);
/** Resolves when it is out of this process: Node keeps what a pipe does not take at once. */
const say = (line: object): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));

const kafka = new kafkajs.Kafka({
  clientId,
  brokers: [bootstrap],
  logLevel: kafkajs.logLevel.NOTHING,
  retry: { retries: 50, maxRetryTime: 2_000 },
});
const consumer = kafka.consumer({
  groupId,
  sessionTimeout: 10_000,
  heartbeatInterval: 500,
  metadataMaxAge: 10_000,
});
let asked = 0;
consumer.on(consumer.events.REQUEST, ({ payload }) => {
  if (payload.apiName === 'OffsetCommit') asked = payload.sentAt;
});
consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) => {
  const { topics } = payload as { topics: kafkajs.TopicOffsets[] };
  const partitions = topics.flatMap((each) => each.partitions);
  const pairs = partitions.map(({ partition, offset }) => [partition, Number(offset)]);
  void say({ committed: Object.fromEntries(pairs) as object, asked, at: Date.now() });
});
consumer.on(consumer.events.CRASH, ({ payload }) => void say({ failed: payload.error.name }));
let polled = 0;
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    if (Date.now() !== polled) void say({ polled: (polled = Date.now()) });
    await say({
      partition,
      offset: Number(message.offset),
      key: message.key === null ? null : String(message.key),
      value: (message.value ?? Buffer.alloc(0)).toString('base64'),
      ms: Number(message.timestamp),
    });
  },
});
process.stdin.resume();
process.stdin.once('end', () => {
  void consumer.disconnect().then(() => process.stdout.write('', () => process.exit(0)));
});
