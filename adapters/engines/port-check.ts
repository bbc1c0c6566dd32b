/** Checks whether ports can be listened on, before anything is started. */
import { createServer } from 'node:net';
import { GatewayError } from '../../src/domain/errors.ts';

export type WantedPort = {
  readonly port: number;
  readonly host: string;
  /** The purpose of the port. */
  readonly what: string;
  /** The flag that sets another port. */
  readonly flag: string;
};

/** Errors: `in-use`, `invalid-argument`, with a sentence that says what to do. */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<void> {
  const seen = new Map<number, WantedPort>();
  for (const each of wanted) {
    if (each.port === 0) continue;
    const same = seen.get(each.port);
    if (same !== undefined) {
      const message = `Port ${each.port} is set for ${same.what} and for ${each.what}: `;
      throw new GatewayError('in-use', `${message}choose another with --${each.flag}.`);
    }
    seen.set(each.port, each);
    await checkPort(each);
  }
}

function checkPort({ port, host, what, flag }: WantedPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'].includes(cause.code ?? '')) {
        const message = `${host} is not an address of this machine (${cause.code}): set --host.`;
        return reject(new GatewayError('invalid-argument', message, { cause }));
      }
      const why =
        cause.code === 'EADDRINUSE'
          ? 'is taken by another process'
          : `cannot be opened (${cause.code})`;
      const advice = `stop what uses it, or choose another with --${flag}.`;
      const message = `Port ${port} for ${what} ${why}: ${advice}`;
      reject(new GatewayError('in-use', message, { cause }));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
