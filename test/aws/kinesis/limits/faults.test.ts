import assert from 'node:assert/strict';
import test from 'node:test';
import { Faults, parseFaults } from '../../../../src/aws/kinesis/limits/faults.ts';

const actionNames = ['PutRecord', 'PutRecords', 'GetRecords'];
const faultsIn = (text: string) => parseFaults(text, actionNames);

test('faults are action, error and probability', () => {
  assert.deepEqual(faultsIn(''), []);
  assert.deepEqual(faultsIn('PutRecord:InternalFailure:0.1, *:ServiceUnavailable:1'), [
    { action: 'PutRecord', error: 'InternalFailure', probability: 0.1 },
    { action: '*', error: 'ServiceUnavailable', probability: 1 },
  ]);
});

test('what is wrong with faults is told with its place', () => {
  const wrong: [string, RegExp][] = [
    ['PutRecord:InternalFailure', /action:error:probability: entry 1/],
    ['PutRecord:InternalFailure:0.1,', /entry 2, ""/],
    ['PutRecord:InternalFailure:0.1:2', /has 4 parts/],
    ['PutRecord:InternalFailure:0.1,Putrecord:InternalFailure:1', /no action "Putrecord": entry 2/],
    ['PutRecord:Throttling:1', /no error "Throttling": .*ProvisionedThroughputExceededException/],
    ['PutRecord:InternalFailure:1.5', /from 0 to 1, not "1.5"/],
    ['PutRecord:InternalFailure:-1', /not "-1"/],
    ['PutRecord:InternalFailure:1e-3', /not "1e-3"/],
    ['PutRecord:InternalFailure:', /not ""/],
  ];
  for (const [text, message] of wrong) assert.throws(() => faultsIn(text), message, text);
});

test('every fault of a call rolls its own dice, in the order given', () => {
  const rolls = [0.9, 0.2, 0.05, 0.9];
  const faults = new Faults(
    faultsIn('GetRecords:InternalFailure:0.1,*:ServiceUnavailable:0.5'),
    () => rolls.shift() ?? 1,
  );
  assert.equal(faults.ofCall('GetRecords'), 'ServiceUnavailable');
  assert.equal(faults.ofCall('GetRecords'), 'InternalFailure');
  assert.equal(faults.ofCall('PutRecords'), undefined);
  assert.equal(faults.hasEntries, false);
  assert.equal(faults.ofEntry(), false);
});

test('a probability of 0 never happens, and of 1 always', () => {
  const faults = new Faults(faultsIn('PutRecord:InternalFailure:0,GetRecords:InternalFailure:1'));
  for (let times = 0; times < 1_000; times++) {
    assert.equal(faults.ofCall('PutRecord'), undefined);
    assert.equal(faults.ofCall('GetRecords'), 'InternalFailure');
  }
});
