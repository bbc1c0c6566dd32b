/**
 * The least that a proxy for Kafka can be: bytes are copied both ways, and the broker's port in
 * Metadata and FindCoordinator answers is replaced in place, host and digits being of equal length.
 * What it reaches is what a hop through Node costs at the least, without knowing the protocol.
 */
import { connect, createServer, type Server } from 'node:net';

/** `from` and `to` are ports; the answers hold them as four bytes. */
export function startPlainHop(from: number, to: number): Promise<Server> {
  const wanted = Buffer.alloc(4);
  wanted.writeInt32BE(to);
  const given = Buffer.alloc(4);
  given.writeInt32BE(from);
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ host: '127.0.0.1', port: to, noDelay: true });
    broker.on('data', (chunk: Buffer) => {
      // Records are not searched: answers with addresses are small.
      if (chunk.length < 4096) {
        for (let at = chunk.indexOf(wanted); at !== -1; at = chunk.indexOf(wanted, at + 4)) {
          given.copy(chunk, at);
        }
      }
      if (!client.write(chunk)) broker.pause();
    });
    client.on('data', (chunk: Buffer) => {
      if (!broker.write(chunk)) client.pause();
    });
    client.on('drain', () => broker.resume());
    broker.on('drain', () => client.resume());
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    }
  });
  return new Promise((resolve) => server.listen(from, '127.0.0.1', () => resolve(server)));
}
