/** The start of a request frame: as much of it as the relay must know. */
export type RequestHead = {
  /** Bytes of the frame after its length. */
  readonly size: number;
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
};

const produceKey = 0;
const fixedBytes = 14;

/** Reads the head at `position`, or undefined where it is not all there yet. */
export function readHead(buffer: Buffer, position: number): RequestHead | undefined {
  if (buffer.length - position < fixedBytes) return undefined;
  const clientIdBytes = buffer.readInt16BE(position + 12);
  const end = position + fixedBytes + Math.max(0, clientIdBytes);
  if (buffer.length < end) return undefined;
  return {
    size: buffer.readInt32BE(position),
    key: buffer.readInt16BE(position + 4),
    version: buffer.readInt16BE(position + 6),
    correlationId: buffer.readInt32BE(position + 8),
    clientId: clientIdBytes < 0 ? null : buffer.toString('utf8', position + fixedBytes, end),
  };
}

export function isProduce({ key }: RequestHead): boolean {
  return key === produceKey;
}

/** What a first frame that cannot be one looks like, for the log. */
export function describeGarbage(buffer: Buffer, position: number): string {
  const start = buffer.toString('latin1', position, position + 4);
  if (/^(?:GET |POST|PUT |HEAD|PRI )/.test(start)) return 'http-on-kafka-port';
  if (buffer[position] === 0x16 && buffer[position + 1] === 0x03) return 'tls-on-kafka-port';
  return 'frame-size';
}
