import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/read-config.ts';
import { ConfigError } from '../../src/config/setting.ts';
import { faultsOf } from '../../src/gateway/limits.ts';

const faultsIn = (KINESKA_FAULTS: string) => faultsOf(readConfig([], { KINESKA_FAULTS }));

test('injected faults are those of the setting, for known actions', () => {
  assert.equal(faultsIn('PutRecord:InternalFailure:1').ofCall('PutRecord'), 'InternalFailure');
  assert.equal(faultsIn('').ofCall('PutRecord'), undefined);
});

test('a wrong fault is an error of the setting, which says where it is wrong', () => {
  assert.throws(
    () => faultsIn('Put:InternalFailure:1'),
    (error) => error instanceof ConfigError && /--faults.*"Put": entry 1/.test(error.message),
  );
});
