/**
 * The four compressions of record batches: gzip, snappy (Java's framing and the raw form), lz4
 * frames, zstd. Decompressed sizes are bounded, so no batch can be a decompression bomb. Source:
 * the Kafka protocol guide, "Record Batch"; KIP-57 (lz4), KIP-110 (zstd).
 */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { compress as zstdCompress, decompress as zstdDecompress } from '@mongodb-js/zstd';
import { compressFrameSync as lz4Compress, decompressFrame as lz4Decompress } from 'lz4-napi';
import { compress as snappyCompress, uncompress as snappyDecompress } from 'snappyjs';
import { Reader, WireError } from './primitives.ts';

export const compressionNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressionNames)[number];

/** The maximum decompressed size of the records of one batch. */
export const decompressedBytesMax = 256 * 1024 * 1024;

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
 * Decompresses the records of a batch to at most `bytesMax` bytes, off the main thread if the
 * library can. Throws WireError if the data is corrupt or would be larger.
 */
export async function decompressRecords(
  how: Compression,
  data: Buffer,
  bytesMax: number,
): Promise<Buffer> {
  try {
    return await decompressors[how](data, bytesMax);
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    throw new WireError(`records that are no ${how}`, { cause });
  }
}

type Decompress = (data: Buffer, bytesMax: number) => Buffer | Promise<Buffer>;

const gunzip = promisify(zlib.gunzip);

const decompressors: Record<Compression, Decompress> = {
  none: (data) => data,
  gzip: decompressGzip,
  snappy: decompressSnappy,
  lz4: decompressLz4,
  zstd: decompressZstd,
};

/** The size of output chunks: each one costs a trip to another thread. */
const gzipChunkBytesMin = 16 * 1024;
const gzipChunkBytesMax = 1024 * 1024;
const gzipRatioGuess = 8;

function decompressGzip(data: Buffer, bytesMax: number): Promise<Buffer> {
  const guess = Math.max(gzipRatioGuess * data.length, gzipChunkBytesMin);
  const chunkSize = Math.min(guess, gzipChunkBytesMax);
  return gunzip(data, { maxOutputLength: bytesMax, chunkSize });
}

function tooLarge(bytesMax: number): WireError {
  return new WireError(`records that decompress to more than ${bytesMax} bytes`);
}

/** Java's snappy streams start with this, followed by two version numbers of four bytes. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;
/** Snappy's densest element expands 3 bytes to 64. */
const snappyRatioMax = 22;

function decompressSnappy(data: Buffer, bytesMax: number): Buffer {
  if (!data.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    return decompressSnappyBlock(data, bytesMax);
  }
  const pieces: Buffer[] = [];
  let left = bytesMax;
  let position = xerialHeaderBytes;
  while (position < data.length) {
    if (data.length - position < 4) throw new WireError('snappy block cut off');
    const size = data.readInt32BE(position);
    position += 4;
    if (size < 0 || size > data.length - position) throw new WireError('snappy block cut off');
    const piece = decompressSnappyBlock(data.subarray(position, position + size), left);
    pieces.push(piece);
    left -= piece.length;
    position += size;
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/**
 * The library allocates the size that the block claims, so impossible claims are refused before.
 */
function decompressSnappyBlock(data: Buffer, bytesMax: number): Buffer {
  const size = new Reader(data).uvarint();
  if (size > bytesMax) throw tooLarge(bytesMax);
  if (size > snappyRatioMax * data.length) throw new WireError('snappy block of a wrong size');
  const { buffer, byteOffset, byteLength } = snappyDecompress(data);
  return Buffer.from(buffer, byteOffset, byteLength);
}

const lz4Magic = 0x184d2204;
/** An lz4 block expands to at most this many times its size. */
const lz4RatioMax = 255;
const lz4BlockBytesMax: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
};

/** The library has no limit, so the maximum content size of the frame is computed first. */
async function decompressLz4(data: Buffer, bytesMax: number): Promise<Buffer> {
  const { sizeMax, end } = measureLz4(data);
  if (sizeMax > bytesMax) throw tooLarge(bytesMax);
  return lz4Decompress(data.subarray(0, end));
}

/** The end of the frame, and its maximum content size. */
function measureLz4(data: Buffer): { sizeMax: number; end: number } {
  if (data.length < 7 || data.readUInt32LE(0) !== lz4Magic) throw new WireError('no lz4 frame');
  const flags = data[4]!;
  const blockBytesMax = lz4BlockBytesMax[(data[5]! >> 4) & 7];
  if (blockBytesMax === undefined) throw new WireError('lz4 frame of an unknown block size');
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  const contentChecksumBytes = (flags & 0x04) === 0 ? 0 : 4;
  let position = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let sizeMax = 0;
  while (position + 4 <= data.length) {
    const word = data.readUInt32LE(position);
    position += 4;
    if (word === 0) return { sizeMax, end: position + contentChecksumBytes };
    const blockBytes = word & 0x7fffffff;
    const isPlain = word > 0x7fffffff;
    sizeMax += isPlain ? blockBytes : Math.min(blockBytesMax, lz4RatioMax * blockBytes);
    position += blockBytes + checksumBytes;
  }
  throw new WireError('lz4 frame cut off');
}

const zstdMagic = 0xfd2fb528;
/** Skippable frames have 16 magic numbers, starting with this one. */
const zstdSkipMagic = 0x184d2a50;
const zstdBlockBytesMax = 128 * 1024;

/** The library has no limit, so the maximum content size of the frames is computed first. */
async function decompressZstd(data: Buffer, bytesMax: number): Promise<Buffer> {
  if (measureZstd(data) > bytesMax) throw tooLarge(bytesMax);
  return zstdDecompress(data);
}

/** The maximum content size of the frames, from the headers of their blocks (RFC 8878). */
function measureZstd(data: Buffer): number {
  const reader = new Reader(data);
  let sizeMax = 0;
  while (reader.remaining > 0) {
    const magic = uint32LittleEndian(reader);
    if ((magic & 0xfffffff0) === zstdSkipMagic) {
      reader.take(uint32LittleEndian(reader));
    } else if (magic === zstdMagic) {
      sizeMax += measureZstdFrame(reader);
    } else {
      throw new WireError('no zstd frame');
    }
  }
  return sizeMax;
}

function measureZstdFrame(reader: Reader): number {
  const flags = reader.uint8();
  const isSingleSegment = (flags & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][flags & 3]!;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!;
  reader.take((isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes);
  let sizeMax = 0;
  let isLast = false;
  while (!isLast) {
    const header = reader.uint8() | (reader.uint8() << 8) | (reader.uint8() << 16);
    isLast = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (size > zstdBlockBytesMax) throw new WireError(`zstd block of ${size} bytes`);
    // The block types: raw, RLE, compressed.
    sizeMax += kind === 2 ? zstdBlockBytesMax : size;
    reader.take(kind === 1 ? 1 : size);
  }
  reader.take((flags & 0x04) === 0 ? 0 : 4);
  return sizeMax;
}

function uint32LittleEndian(reader: Reader): number {
  return reader.buffer.readUInt32LE(reader.take(4));
}
