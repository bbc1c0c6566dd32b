/**
 * What connections of Kafka clients cost that have said hello and then say nothing: memory of the
 * gateway for each, and its processor time while all are idle.
 * `node --import tsx test/bench/connections.ts [connections]`, after `npm run build`.
 */
import { connect, type Socket } from 'node:net';
import { writeRequestHeader } from '../../src/wire/header.ts';
import { type Fields, type Input, type Message, writeMessage } from '../../src/wire/message.ts';
import { metadataRequest } from '../../src/wire/messages/03-metadata.ts';
import { apiVersionsRequest } from '../../src/wire/messages/18-api-versions.ts';
import { Writer } from '../../src/wire/primitives.ts';
import { startTestEngines } from '../support/engines.ts';
import { startGateway } from './kinesis-servers.ts';
import { processorSeconds, residentKiB } from './process-usage.ts';

/** Opened and closed first, so that the gateway has its code compiled and its heap grown. */
const warmUpConnections = 500;
const openedAtOnce = 50;
const settleMs = 5_000;
const idleMs = 10_000;

const [connectionCount = 2_000] = process.argv.slice(2).map(Number);

const line = (text: string): void => void process.stdout.write(`${text}\n`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function frame<F extends Fields>(table: Message<F>, version: number, value: Input<F>): Buffer {
  const writer = new Writer();
  writeRequestHeader(writer, table, version, 1, 'idle');
  writeMessage(table, version, value, writer);
  const size = Buffer.alloc(4);
  size.writeInt32BE(writer.size);
  return Buffer.concat([size, ...writer.finish()]);
}

const hello = Buffer.concat([
  frame(apiVersionsRequest, 3, { clientSoftwareName: 'idle', clientSoftwareVersion: '1' }),
  frame(metadataRequest, 9, { topics: [] }),
]);
const answers = 2;

/** A connection that has been answered what every client asks first. */
function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let held: Buffer = Buffer.alloc(0);
    let answered = 0;
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        held = held.subarray(4 + held.readInt32BE(0));
        answered++;
      }
      if (answered === answers) resolve(socket);
    });
    socket.write(hello);
  });
}

async function openAll(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) sockets.push(await open(port));
  };
  await Promise.all(Array.from({ length: openedAtOnce }, worker));
  return sockets;
}

async function idleShare(pid: number): Promise<number> {
  const before = processorSeconds(pid);
  const beganAt = performance.now();
  await wait(idleMs);
  return ((processorSeconds(pid) - before) / (performance.now() - beganAt)) * 1_000;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const engines = await startTestEngines();
try {
  const { kafkaPort, pid, stop } = await startGateway(engines);
  for (const socket of await openAll(kafkaPort, warmUpConnections)) socket.destroy();
  await wait(settleMs);
  const before = residentKiB(pid);
  line(`no connection: ${before} KiB, ${percent(await idleShare(pid))} of a core`);
  const beganAt = performance.now();
  const sockets = await openAll(kafkaPort, connectionCount);
  const openedMs = performance.now() - beganAt;
  await wait(settleMs);
  const each = (residentKiB(pid) - before) / connectionCount;
  line(`${connectionCount} connections in ${openedMs.toFixed(0)} ms: ${each.toFixed(1)} KiB each`);
  line(`all idle: ${percent(await idleShare(pid))} of a core`);
  for (const socket of sockets) socket.destroy();
  await wait(settleMs);
  line(`all closed: ${residentKiB(pid)} KiB`);
  await stop();
} finally {
  await engines.stop();
}
