import getPort from 'get-port';

/** A port of loopback that nothing listens on now, and that this process never gave before. */
export function freePort(): Promise<number> {
  return getPort({ host: '127.0.0.1', reserve: true });
}
