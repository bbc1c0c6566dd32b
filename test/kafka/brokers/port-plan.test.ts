import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedPort, unplannedPort } from '../../../src/kafka/brokers/port-plan.ts';

test("a broker's port follows from its id, whatever others are up", () => {
  const plan = { first: 9092, declared: [], lowestId: 1 };
  assert.equal(plannedPort(plan, 1), 9092);
  assert.equal(plannedPort(plan, 3), 9094);
});

test('declared brokers have the ports in their order', () => {
  const plan = { first: 9092, declared: [1001, 2001, 7], lowestId: 7 };
  assert.equal(plannedPort(plan, 1001), 9092);
  assert.equal(plannedPort(plan, 2001), 9093);
  assert.equal(plannedPort(plan, 7), 9094);
});

test('brokers that the plan has no port for come behind all that it has', () => {
  const declared = { first: 9092, declared: [1, 2], lowestId: 1 };
  assert.equal(plannedPort(declared, 3), undefined);
  assert.equal(unplannedPort(declared), 9094);
  const plain = { first: 9092, declared: [], lowestId: 5 };
  assert.equal(plannedPort(plain, 4), undefined);
  assert.equal(plannedPort(plain, 104), 9191);
  assert.equal(plannedPort(plain, 105), undefined);
  assert.equal(unplannedPort(plain), 9192);
});

test('port 0 is any port for every broker', () => {
  assert.equal(plannedPort({ first: 0, declared: [], lowestId: 1 }, 400), 0);
});
