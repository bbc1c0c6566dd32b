/**
 * What a Fetch request asks for, and how many bytes its response has for each partition; records
 * are skipped. Source: the Kafka protocol guide, "Fetch API"; KIP-227 for sessions.
 */
import { readResponseHeader } from '../header.ts';
import { fetchRequest, fetchResponse } from '../messages/01-fetch.ts';
import { Reader, WireError } from '../primitives.ts';
import { fieldsIn, layoutOf, type Pass, perVersion, readBytesSize, readCount } from './layout.ts';
import { passHead, type RequestHead } from './request-head.ts';
import { readLabel, type TopicLabel } from './topic-label.ts';

const requestLayoutsOf = perVersion(fetchRequest, (version, flexible) => {
  const { fields } = fetchRequest;
  const stops = { maxBytes: 'int32', 'sessionEpoch?': 'int32', topics: 'array' } as const;
  const topicStops = { 'topic?': 'string', 'topicId?': 'uuid' } as const;
  return {
    flexible,
    request: layoutOf(fields, version, flexible, stops),
    topic: layoutOf(fieldsIn(fields.topics), version, flexible, topicStops),
  };
});

export type FetchScan = {
  /** The position of `max_bytes` (four bytes) in the buffer. */
  readonly maxBytesAt: number;
  /** The epoch of the fetch session: 0 starts one, −1 is a request outside of any session. */
  readonly sessionEpoch: number;
  readonly topics: readonly TopicLabel[];
};

const noSession = -1;

/** The request starts at `start`, with its length, and is complete. Throws WireError. */
export function scanFetch(
  buffer: Buffer,
  start: number,
  { version, size }: Pick<RequestHead, 'version' | 'size'>,
): FetchScan {
  const { flexible, request, topic } = requestLayoutsOf(version);
  const reader = new Reader(buffer, start, start + 4 + size);
  passHead(reader, flexible);
  request.to.maxBytes(reader);
  const maxBytesAt = reader.take(4);
  request.to.sessionEpoch?.(reader);
  const sessionEpoch = request.to.sessionEpoch === undefined ? noSession : reader.int32();
  request.to.topics(reader);
  const topics: TopicLabel[] = [];
  for (let left = readCount(reader, flexible); left > 0; left--) {
    topics.push(readLabel(reader, flexible, topic.to.topic, topic.to.topicId));
    topic.end(reader);
  }
  return { maxBytesAt, sessionEpoch, topics };
}

const answerLayoutsOf = perVersion(fetchResponse, (version, flexible) => {
  const { fields } = fetchResponse;
  const topicFields = fieldsIn(fields.responses);
  const partitionFields = fieldsIn(topicFields['partitions']!);
  const stops = { throttleTimeMs: 'int32', 'sessionId?': 'int32', responses: 'array' } as const;
  const topicStops = { 'topic?': 'string', 'topicId?': 'uuid', partitions: 'array' } as const;
  const partitionStops = { partitionIndex: 'int32', records: 'records' } as const;
  return {
    flexible,
    answer: layoutOf(fields, version, flexible, stops),
    topic: layoutOf(topicFields, version, flexible, topicStops),
    partition: layoutOf(partitionFields, version, flexible, partitionStops),
  };
});

function readSessionId(reader: Reader, toSessionId: Pass): number {
  toSessionId(reader);
  return reader.int32();
}

/**
 * The session that an answer is of, its length at `start`; 0 for none. Undefined where too little
 * of the answer is there.
 */
export function fetchSessionOf(buffer: Buffer, start: number, version: number): number | undefined {
  const { answer } = answerLayoutsOf(version);
  if (answer.to.sessionId === undefined) return 0;
  try {
    const reader = new Reader(buffer, start + 4);
    readResponseHeader(reader, fetchResponse, version);
    answer.to.throttleTimeMs(reader);
    reader.take(4);
    return readSessionId(reader, answer.to.sessionId);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/**
 * Reports the bytes of records for each partition in a response, which starts with its length.
 * Returns the position of `throttle_time_ms`. Throws WireError.
 */
export function scanFetched(
  frame: Buffer,
  version: number,
  visit: (topic: TopicLabel, partition: number, bytes: number) => void,
): number {
  const { flexible, answer, topic, partition } = answerLayoutsOf(version);
  const reader = new Reader(frame, 4);
  readResponseHeader(reader, fetchResponse, version);
  answer.to.throttleTimeMs(reader);
  const throttleAt = reader.take(4);
  if (answer.to.sessionId !== undefined) readSessionId(reader, answer.to.sessionId);
  answer.to.responses(reader);
  for (let topics = readCount(reader, flexible); topics > 0; topics--) {
    const label = readLabel(reader, flexible, topic.to.topic, topic.to.topicId);
    topic.to.partitions(reader);
    for (let left = readCount(reader, flexible); left > 0; left--) {
      partition.to.partitionIndex(reader);
      const index = reader.int32();
      partition.to.records(reader);
      const size = readBytesSize(reader, flexible);
      reader.take(size);
      visit(label, index, size);
      partition.end(reader);
    }
    topic.end(reader);
  }
  return throttleAt;
}
