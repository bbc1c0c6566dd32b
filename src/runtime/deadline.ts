/**
 * Settles as the work does or, where that takes longer, as `late` answers or throws. The work goes
 * on all the same, and a failure that comes later is nobody's.
 */
export async function within<T, L>(
  waitMsMax: number,
  work: Promise<T>,
  late: () => L,
): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMsMax);
  });
  try {
    return await Promise.race([work, tooLate.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
