/** Waiting for a condition, with a deadline. */

const deadlineMs = 30_000;
const checkEveryMs = 50;

/** Fails with what was waited for when it does not come about in time. */
export async function untilTrue(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  waitMsMax = deadlineMs,
): Promise<void> {
  const giveUpAtMs = Date.now() + waitMsMax;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAtMs) throw new Error(`waited ${waitMsMax} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, checkEveryMs));
  }
}
