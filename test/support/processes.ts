import assert from 'node:assert/strict';

const goneTimeoutMs = 5_000;
const checkEveryMs = 20;

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM would mean somebody else's process of that id.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Waits until none of the processes is there any more. */
export async function assertGone(pids: readonly number[]): Promise<void> {
  const giveUpAtMs = Date.now() + goneTimeoutMs;
  let left = pids.filter(isRunning);
  while (left.length > 0 && Date.now() < giveUpAtMs) {
    await new Promise((resolve) => setTimeout(resolve, checkEveryMs));
    left = left.filter(isRunning);
  }
  assert.deepEqual(left, [], 'processes that stayed');
}
