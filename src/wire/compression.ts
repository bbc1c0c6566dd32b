/**
 * The four compressions of record batches: gzip, snappy (Java's framing and the raw form), lz4
 * frames, zstd. What is decompressed is bounded, so that no batch is a bomb.
 * Source: the Kafka protocol guide, "Record Batch"; KIP-57 (lz4), KIP-110 (zstd).
 */
import * as zlib from 'node:zlib';
import { decompressFrameSync as lz4Decompress, compressFrameSync as lz4Compress } from 'lz4-napi';
import { Decompress as ZstdDecompress } from 'fzstd';
import { compress as zstdCompress } from '@mongodb-js/zstd';
import { compress as snappyCompress, uncompress as snappyDecompress } from 'snappyjs';
import { WireError } from './primitives.ts';

export const compressionNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressionNames)[number];

/** Compresses the records of a batch. */
export async function compressRecords(how: Compression, data: Buffer): Promise<Buffer> {
  switch (how) {
    case 'none':
      return data;
    case 'gzip':
      return zlib.gzipSync(data);
    case 'snappy':
      return Buffer.from(snappyCompress(data));
    case 'lz4':
      return lz4Compress(data);
    case 'zstd':
      return zstdCompress(data);
  }
}

/**
 * Decompresses the records of a batch to at most `bytesMax` bytes. Throws WireError where the
 * data is broken, or would be larger.
 */
export function decompressRecords(how: Compression, data: Buffer, bytesMax: number): Buffer {
  try {
    return decompressors[how](data, bytesMax);
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    throw new WireError(`records that are no ${how}`, { cause });
  }
}

const decompressors: Record<Compression, (data: Buffer, bytesMax: number) => Buffer> = {
  none: (data) => data,
  gzip: (data, bytesMax) => zlib.gunzipSync(data, { maxOutputLength: bytesMax }),
  snappy: decompressSnappy,
  lz4: decompressLz4,
  zstd: decompressZstd,
};

function tooLarge(bytesMax: number): WireError {
  return new WireError(`records that decompress to more than ${bytesMax} bytes`);
}

/** Java's snappy streams begin so, followed by two version numbers of four bytes. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

function decompressSnappy(data: Buffer, bytesMax: number): Buffer {
  if (!data.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    return asBuffer(snappyDecompress(data, bytesMax));
  }
  const pieces: Buffer[] = [];
  let left = bytesMax;
  let position = xerialHeaderBytes;
  while (position < data.length) {
    if (data.length - position < 4) throw new WireError('snappy block cut off');
    const size = data.readInt32BE(position);
    position += 4;
    if (size < 0 || size > data.length - position) throw new WireError('snappy block cut off');
    const piece = asBuffer(snappyDecompress(data.subarray(position, position + size), left));
    pieces.push(piece);
    left -= piece.length;
    position += size;
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function asBuffer(bytes: Uint8Array | ArrayBuffer): Buffer {
  return bytes instanceof Uint8Array
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
}

const lz4Magic = 0x184d2204;
/** A block of lz4 grows to at most this many times its size. */
const lz4RatioMax = 255;
const lz4BlockBytesMax: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
};

/** The library has no limit, so the most that the frame can hold is reckoned before. */
function decompressLz4(data: Buffer, bytesMax: number): Buffer {
  if (lz4SizeMax(data) > bytesMax) throw tooLarge(bytesMax);
  return lz4Decompress(data);
}

function lz4SizeMax(data: Buffer): number {
  if (data.length < 7 || data.readUInt32LE(0) !== lz4Magic) throw new WireError('no lz4 frame');
  const flags = data[4]!;
  const blockBytesMax = lz4BlockBytesMax[(data[5]! >> 4) & 7];
  if (blockBytesMax === undefined) throw new WireError('lz4 frame of an unknown block size');
  const hasBlockChecksum = (flags & 0x10) !== 0;
  let position = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let size = 0;
  while (position + 4 <= data.length) {
    const word = data.readUInt32LE(position);
    if (word === 0) return size;
    const blockBytes = word & 0x7fffffff;
    size += word > 0x7fffffff ? blockBytes : Math.min(blockBytesMax, lz4RatioMax * blockBytes);
    position += 4 + blockBytes + (hasBlockChecksum ? 4 : 0);
  }
  throw new WireError('lz4 frame cut off');
}

type NativeZstd = (data: Buffer, options: { maxOutputLength: number }) => Buffer;
/** Node has zstd of its own from 22.15 on; before, a decoder in JavaScript serves. */
const nativeZstd = (zlib as { zstdDecompressSync?: NativeZstd }).zstdDecompressSync;

function decompressZstd(data: Buffer, bytesMax: number): Buffer {
  if (nativeZstd !== undefined) return nativeZstd(data, { maxOutputLength: bytesMax });
  const pieces: Uint8Array[] = [];
  let size = 0;
  const stream = new ZstdDecompress((piece) => {
    size += piece.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    pieces.push(piece);
  });
  stream.push(data, true);
  return pieces.length === 1 ? asBuffer(pieces[0]!) : Buffer.concat(pieces, size);
}
