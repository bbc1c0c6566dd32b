/**
 * 32-bit MurmurHash2 with Kafka's seed, as a signed number: the default partitioner of the Java
 * producer and of kafkajs. A key that is put through the Kinesis door goes to the partition that
 * they choose. Source: KIP-480 keeps it for records with keys.
 */
export function murmur2(key: Uint8Array): number {
  const multiplier = 0x5bd1e995;
  let hash = 0x9747b28c ^ key.length;
  const words = key.length >>> 2;
  for (let word = 0; word < words; word += 1) {
    const at = word << 2;
    let k = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24);
    k = Math.imul(k, multiplier);
    k ^= k >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(k, multiplier);
  }
  const tail = key.subarray(words << 2);
  if (tail.length > 0) {
    for (const [at, byte] of tail.entries()) hash ^= byte << (8 * at);
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}
