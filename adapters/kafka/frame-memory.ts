import { LargeMemory } from '../../src/runtime/memory/large-memory.ts';

/** Memory of large frames of brokers, of which a reader that catches up takes many. */
export const frameMemory = new LargeMemory({
  bytesMin: 1024 * 1024,
  stepBytes: 4 * 1024 * 1024,
  spareBytesMax: 16 * 1024 * 1024,
});
