import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advertised } from '../../src/kafka/apis/18-api-versions.ts';
import { kafkaApis } from '../../src/kafka/apis/index.ts';
import type { Fields } from '../../src/wire/message.ts';
import { apiTables } from '../conformance/api-tables.ts';

/** Answers with addresses that no hook rewrites, and why. */
const leftAlone: Readonly<Record<string, string>> = {
  // Hosts of members of groups: those of clients.
  DescribeGroups: 'members',
  ConsumerGroupDescribe: 'members',
  ShareGroupDescribe: 'members',
  StreamsGroupDescribe: 'members',
  StreamsGroupHeartbeat: 'members',
  // Hosts that rules are for.
  DescribeAcls: 'rules',
  DeleteAcls: 'rules',
  DescribeQuorum: 'controllers, which no client reaches by the gateway',
  Fetch: 'asked in a version that has none',
};

function hasHost(fields: Fields): boolean {
  return Object.entries(fields).some(
    ([name, field]) => /host$/i.test(name) || hasHost(field.fields ?? field.element?.fields ?? {}),
  );
}

test('every answer that holds a host is rewritten, or left alone for a reason', () => {
  const wanting = kafkaApis
    .filter(({ response }) => hasHost(response.fields))
    .filter(({ onResponse, name }) => onResponse === undefined && leftAlone[name] === undefined);
  assert.deepEqual(
    wanting.map(({ name }) => name),
    [],
  );
});

test('the door has every API for which there are tables', () => {
  assert.deepEqual(
    kafkaApis.map(({ key, name }) => [key, name]),
    apiTables.map(({ request, name }) => [request.key, name]),
  );
});

test('ApiVersions advertises what both sides have', () => {
  const apis = new Map(kafkaApis.map((api) => [api.key, api]));
  const ofCluster = [
    { apiKey: 0, minVersion: 0, maxVersion: 99 },
    { apiKey: 1, minVersion: 4, maxVersion: 11 },
    { apiKey: 3, minVersion: 90, maxVersion: 99 },
    { apiKey: 22, minVersion: 0, maxVersion: 6 },
    { apiKey: 7_000, minVersion: 0, maxVersion: 0 },
  ];
  assert.deepEqual(advertised(ofCluster, apis), [
    // Produce from 0 on, as Kafka does (KAFKA-18659).
    { apiKey: 0, minVersion: 0, maxVersion: 13 },
    { apiKey: 1, minVersion: 4, maxVersion: 11 },
    // Version 6 is not stable yet.
    { apiKey: 22, minVersion: 0, maxVersion: 5 },
  ]);
});

test('a fetch in the versions above 15 is the same bytes as in 15 for a consumer', () => {
  const { request, response } = kafkaApis.find(({ name }) => name === 'Fetch')!;
  const since = (fields: Fields): string[] =>
    Object.entries(fields).flatMap(([name, field]) => [
      ...((field.options.since ?? 0) > 15 ? [name] : []),
      ...since(field.fields ?? field.element?.fields ?? {}),
    ]);
  // Tags that only followers send, and the addresses that are asked not to come.
  assert.deepEqual(since(request.fields), ['replicaDirectoryId', 'highWatermark']);
  assert.deepEqual(new Set(since(response.fields)).has('nodeEndpoints'), true);
  const { nodeEndpoints: _, ...others } = response.fields;
  assert.deepEqual(since(others), []);
});
