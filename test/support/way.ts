/** A way to an engine that can be cut, or held up, while the engine runs on. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export type EngineWay = {
  /** URL */
  readonly endpoint: string;
  readonly port: number;
  /** Ends all connections, and lets none come up. */
  cut(): void;
  mend(): void;
  /** From now on, what is sent to the engine waits on the way, and so does the end of it. */
  hold(): void;
  /** Bytes that wait. */
  heldBytes(): number;
  /** What waits continues, in order. */
  release(): void;
};

/** To the URL of an engine; it ends with `t`. */
export async function wayTo(t: TestContext, endpoint: string): Promise<EngineWay> {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set<Socket>();
  let isCut = false;
  let waiting: (() => void)[] | undefined;
  let heldBytes = 0;
  const pass = (work: () => void) => (waiting === undefined ? work() : void waiting.push(work));
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (isCut) return near.destroy();
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (chunk: Buffer) => {
      if (waiting !== undefined) heldBytes += chunk.length;
      pass(() => {
        if (far.write(chunk)) return;
        near.pause();
        far.once('drain', () => near.resume());
      });
    });
    near.on('end', () => pass(() => far.end()));
    near.on('error', () => pass(() => far.destroy()));
    near.on('close', () => pass(() => far.destroySoon()));
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port: ownPort } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${ownPort}`,
    port: ownPort,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    hold() {
      waiting ??= [];
    },
    heldBytes: () => heldBytes,
    release() {
      const held = waiting ?? [];
      waiting = undefined;
      heldBytes = 0;
      for (const work of held) work();
    },
  };
}
