import { LargeMemory } from '../../src/runtime/memory/large-memory.ts';

/** Memory for large frames from brokers; a reader that catches up needs many of them. */
export const frameMemory = new LargeMemory({
  bytesMin: 1024 * 1024,
  stepBytes: 4 * 1024 * 1024,
  spareBytesMax: 16 * 1024 * 1024,
});
