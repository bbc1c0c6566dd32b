/** KCL 3 workers and Kafka members of one group that come and go at random; see random-fleet.ts. */
import { sharedEngines } from '../support/engines.ts';
import { testRandomFleets } from './random-fleet-test.ts';

await sharedEngines();
testRandomFleets({ program: 'kcl3', mode: 'polling', scheme: 'http' });
