/**
 * The least that a proxy for Kafka can be: bytes are copied both ways, and brokers' ports in
 * Metadata and FindCoordinator answers are replaced in place, as the host is the same.
 * What it reaches is what a hop through Node costs at the least, without knowing the protocol.
 */
import { connect, createServer, type Server } from 'node:net';

/** Brokers come first in an answer: what is behind is not searched. */
const searchedBytes = 1_024;

/** Of one broker: the port here, and its own. */
export type HopPorts = { readonly from: number; readonly to: number };

/** Answers hold a port as four bytes. */
const bytesOf = (port: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(port);
  return bytes;
};

export function startPlainHop(all: readonly HopPorts[]): Promise<readonly Server[]> {
  const replaced = all.map(({ from, to }) => ({ wanted: bytesOf(to), given: bytesOf(from) }));
  const rename = (chunk: Buffer) => {
    const head = chunk.subarray(0, searchedBytes);
    for (const { wanted, given } of replaced) {
      for (let at = head.indexOf(wanted); at !== -1; at = head.indexOf(wanted, at + 4)) {
        given.copy(head, at);
      }
    }
  };
  return Promise.all(all.map((ports) => startOne(ports, rename)));
}

function startOne({ from, to }: HopPorts, rename: (chunk: Buffer) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ host: '127.0.0.1', port: to, noDelay: true });
    broker.on('data', (chunk: Buffer) => {
      rename(chunk);
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
