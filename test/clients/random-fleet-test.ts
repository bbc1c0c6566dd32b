/** What must hold of a fleet of workers and members that come and go at random. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import {
  assertAllHanded,
  assertFenced,
  assertResumed,
  longestOverlap,
  repeatsIn,
  stretchesOf,
} from '../support/checks/fleet-log.ts';
import type { KclKind } from '../support/programs/kcl.ts';
import {
  failoverMsOf,
  fleetSeconds,
  fleetSeed,
  type Protocol,
  RandomFleet,
} from '../support/loads/random-fleet.ts';
import { keyOf } from '../support/checks/records.ts';

const chosen = process.env['FLEET_PROTOCOL'];
const all: readonly Protocol[] = ['classic', 'consumer'];
const protocols = all.filter((each) => chosen === undefined || each === chosen);

export function testRandomFleets(kind: KclKind): void {
  for (const protocol of protocols) {
    const title = `${kind.program} and members of a ${protocol} group, seed ${fleetSeed}`;
    test(title, { timeout: 890_000 }, async (t) => {
      const failoverMs = failoverMsOf[protocol];
      const settings = {
        KINESKA_LIMITS: 'off',
        KINESKA_LEASE_FAILOVER_MS: String(failoverMs),
        KINESKA_LOG_LEVEL: 'info',
      };
      const gateway = await startGateway(t, { settings });
      const seconds = fleetSeconds / protocols.length;
      const options = { gateway, kind, protocol, seed: fleetSeed, seconds };
      const fleet = await RandomFleet.over(t, options);
      await fleet.run();
      const { log } = fleet;
      t.diagnostic(`refused: ${JSON.stringify([...fleet.failed])}`);
      t.diagnostic(`repeats: ${repeatsIn(log)}, stretches ${stretchesOf(log).length}`);
      t.diagnostic(`overlap: ${JSON.stringify(longestOverlap(log))}`);
      const takeovers = fleet.takeovers();
      for (const each of takeovers) t.diagnostic(`takeover: ${JSON.stringify(each)}`);
      assertAllHanded(log, fleet.put, keyOf);
      assertResumed(log);
      assertFenced(log);
      assert.deepEqual(
        takeovers.filter(({ isLate }) => isLate),
        [],
      );
    });
  }
}
