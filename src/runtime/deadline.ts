/**
 * Settles like the work or, if that takes longer, with the result or error of `late`. The work
 * continues all the same, and its later failure is ignored.
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
