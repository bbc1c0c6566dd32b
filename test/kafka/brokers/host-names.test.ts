import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerHost, brokerOfHost } from '../../../src/kafka/brokers/host-names.ts';

const pattern = 'broker-{id}.kafka.example';

test("a broker's host name stands for that broker, in any case of letters", () => {
  assert.equal(brokerHost(pattern, 12), 'broker-12.kafka.example');
  assert.equal(brokerOfHost(pattern, 'broker-12.kafka.example'), 12);
  assert.equal(brokerOfHost(pattern, 'Broker-0.Kafka.Example'), 0);
});

test('every other name is none of a broker', () => {
  const names = [
    '',
    'kafka.example',
    'broker-.kafka.example',
    'broker-01.kafka.example',
    'broker-1x.kafka.example',
    'broker--1.kafka.example',
    'broker-1.kafka.example.org',
    'broker-99999999999.kafka.example',
  ];
  for (const name of names) assert.equal(brokerOfHost(pattern, name), undefined, name);
});
