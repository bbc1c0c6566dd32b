/**
 * Decodes values of schema registry serializers: a zero byte, the schema id in four bytes, then
 * Avro, JSON Schema or Protobuf. Source: Confluent Schema Registry, "Wire format".
 */
import { GatewayError } from '../../src/domain/errors.ts';
import type { ValueDecoder } from '../../src/ports/value-decoder.ts';

const magicByte = 0;
const prefixBytes = 5;

/** Errors: `unavailable` if the registry does not know the schema or does not respond. */
export async function openRegistryDecoder(url: string): Promise<ValueDecoder> {
  const { SchemaRegistry } = await import('@kafkajs/confluent-schema-registry');
  const registry = new SchemaRegistry({ host: url });
  return {
    async decode(value) {
      if (value.length < prefixBytes || value[0] !== magicByte) return undefined;
      try {
        return (await registry.decode(value)) as unknown;
      } catch (cause) {
        const id = value.readUInt32BE(1);
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `the schema registry at ${url} could not decode schema ${id}: ${why}`;
        throw new GatewayError('unavailable', message, { cause });
      }
    },
  };
}
