/** KCL 2 workers and Kafka members of one group that come and go at random; see random-fleet.ts. */
import { sharedEngines } from '../support/engines.ts';
import { testRandomFleets } from './random-fleet-test.ts';

await sharedEngines();
testRandomFleets({ program: 'kcl2', mode: 'polling', scheme: 'https' });
