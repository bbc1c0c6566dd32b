/** CRC-32C (Castagnoli), the checksum of record batches. */
import { crc32c } from '@node-rs/crc32';

/** The checksum of the pieces in order, as an unsigned 32-bit number. */
export function checksumOf(...pieces: readonly Buffer[]): number {
  let sum = 0;
  for (const piece of pieces) sum = crc32c(piece, sum);
  return sum >>> 0;
}
