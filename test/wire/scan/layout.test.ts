import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  array,
  encodeMessage,
  type Field,
  type Fields,
  int16,
  int32,
  message,
  string,
} from '../../../src/wire/message.ts';
import { produceRequest, produceResponse } from '../../../src/wire/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../../src/wire/messages/01-fetch.ts';
import { Reader, WireError } from '../../../src/wire/primitives.ts';
import { layoutOf, perVersion } from '../../../src/wire/scan/layout.ts';
import { versionsOf } from '../../support/wire-values.ts';

const table = message(
  'Anything',
  { versions: [0, 3], flexible: 2 },
  {
    before: string({ nullable: 0 }),
    several: array({ one: int16(), text: string() }),
    wanted: int32(),
    later: string({ since: 1 }),
    gone: int16({ until: 2 }),
    after: int32(),
    tagged: int32({ since: 2, tag: 4 }),
  },
);
const value = {
  before: 'before',
  several: [
    { one: 1, text: 'a' },
    { one: 2, text: 'b' },
  ],
  wanted: 0x01020304,
  later: 'later',
  gone: 5,
  after: 6,
  tagged: 7,
};
const stops = { wanted: 'int32', 'gone?': 'int16' } as const;
const layouts = perVersion(table, (version, flexible) =>
  layoutOf(table.fields, version, flexible, stops),
);

test('a walker comes to the fields that it names, and past all others, in each version', () => {
  for (const version of versionsOf(table)) {
    const { to, end, passed } = layouts(version);
    const reader = new Reader(encodeMessage(table, version, value));
    to.wanted(reader);
    assert.equal(reader.int32(), 0x01020304);
    if (version <= 2) {
      to.gone!(reader);
      assert.equal(reader.int16(), 5);
    } else {
      assert.equal(to.gone, undefined);
    }
    end(reader);
    assert.equal(reader.remaining, 0);
    const later = version >= 1 ? ['later'] : [];
    assert.deepEqual(passed, ['before', 'several', ...later, 'after']);
  }
});

test('there is no way to a field that a version has not, or has otherwise', () => {
  assert.throws(() => layoutOf(table.fields, 3, true, { gone: 'int16' }), /no int16 gone/);
  assert.throws(() => layoutOf(table.fields, 0, false, { wanted: 'string' }), /no string wanted/);
  const turned = { after: 'int32', wanted: 'int32' } as const;
  assert.throws(() => layoutOf(table.fields, 0, false, turned), /no int32 wanted/);
  assert.throws(() => layouts(4), WireError);
});

/** Names of all fields of a table, those of inner structs by their path. */
function pathsOf(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, field]: [string, Field]) => {
    const inner = field.fields ?? field.element?.fields;
    return [name, ...(inner === undefined ? [] : pathsOf(inner).map((each) => `${name}.${each}`))];
  });
}

/**
 * The fields for which the walkers in src/wire/scan were written. A new field is skipped correctly;
 * whether a walker, or the authorizer, should inspect it must be decided before it is added here.
 */
const known = {
  ProduceRequest:
    'transactionalId acks timeoutMs topicData topicData.name topicData.topicId ' +
    'topicData.partitionData topicData.partitionData.index topicData.partitionData.records',
  ProduceResponse:
    'responses responses.name responses.topicId responses.partitionResponses ' +
    [
      ...['index', 'errorCode', 'baseOffset', 'logAppendTimeMs', 'logStartOffset', 'recordErrors'],
      ...['recordErrors.batchIndex', 'recordErrors.batchIndexErrorMessage', 'errorMessage'],
      ...['currentLeader', 'currentLeader.leaderId', 'currentLeader.leaderEpoch'],
    ]
      .map((name) => `responses.partitionResponses.${name} `)
      .join('') +
    'throttleTimeMs nodeEndpoints nodeEndpoints.nodeId nodeEndpoints.host nodeEndpoints.port ' +
    'nodeEndpoints.rack',
  FetchRequest:
    'clusterId replicaId replicaState replicaState.replicaId replicaState.replicaEpoch maxWaitMs ' +
    'minBytes maxBytes isolationLevel sessionId sessionEpoch topics topics.topic topics.topicId ' +
    'topics.partitions ' +
    [
      ...['partition', 'currentLeaderEpoch', 'fetchOffset', 'lastFetchedEpoch', 'logStartOffset'],
      ...['partitionMaxBytes', 'replicaDirectoryId', 'highWatermark'],
    ]
      .map((name) => `topics.partitions.${name} `)
      .join('') +
    'forgottenTopicsData forgottenTopicsData.topic forgottenTopicsData.topicId ' +
    'forgottenTopicsData.partitions rackId',
  FetchResponse:
    'throttleTimeMs errorCode sessionId responses responses.topic responses.topicId ' +
    'responses.partitions ' +
    [
      ...['partitionIndex', 'errorCode', 'highWatermark', 'lastStableOffset', 'logStartOffset'],
      ...['divergingEpoch', 'divergingEpoch.epoch', 'divergingEpoch.endOffset', 'currentLeader'],
      ...['currentLeader.leaderId', 'currentLeader.leaderEpoch', 'snapshotId'],
      ...['snapshotId.endOffset', 'snapshotId.epoch', 'abortedTransactions'],
      ...['abortedTransactions.producerId', 'abortedTransactions.firstOffset'],
      ...['preferredReadReplica', 'records'],
    ]
      .map((name) => `responses.partitions.${name} `)
      .join('') +
    'nodeEndpoints nodeEndpoints.nodeId nodeEndpoints.host nodeEndpoints.port nodeEndpoints.rack',
};

for (const each of [produceRequest, produceResponse, fetchRequest, fetchResponse]) {
  test(`the walkers over ${each.name} were written with all of its fields in view`, () => {
    assert.deepEqual(pathsOf(each.fields), known[each.name as keyof typeof known].split(' '));
  });
}
