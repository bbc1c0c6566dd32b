/**
 * A line to a real DynamoDB that loses answers on purpose: the request is carried out, then the
 * connection ends without an answer.
 */
import { createServer, request as send, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { text } from 'node:stream/consumers';

export type LossyLine = {
  readonly endpoint: string;
  /** Loses the answers to the next calls of this operation. */
  lose(operation: string, count?: number): void;
  /** How many answers are still to be lost. */
  left(): number;
};

export async function openLossyLine(t: TestContext, to: string): Promise<LossyLine> {
  const toLose: string[] = [];
  const server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1);
    forward(request, to).then(
      ({ status, headers, body }) => {
        const at = toLose.indexOf(operation ?? '');
        if (at < 0) {
          response.writeHead(status, headers).end(body);
          return;
        }
        toLose.splice(at, 1);
        request.socket.destroy();
      },
      () => request.socket.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    lose: (operation, count = 1) => toLose.push(...Array<string>(count).fill(operation)),
    left: () => toLose.length,
  };
}

async function forward(request: IncomingMessage, to: string) {
  const body = await text(request);
  const { method, headers } = request;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    send(to, { method, headers }, resolve).once('error', reject).end(body);
  });
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await text(answer) };
}
