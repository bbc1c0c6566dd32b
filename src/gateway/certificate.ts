/** The certificates of the doors. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { GatewayError } from '../domain/errors.ts';
import { type Certificate, selfSignedCertificate } from '../runtime/certificate.ts';
import type { Config } from '../config/settings.ts';
import type { GatewayProcess } from './process.ts';

const kinesisFlags = '--tls-cert or --tls-key';
export const kafkaFlags = '--kafka-tls-cert or --kafka-tls-key';

/** Reads the certificates that are set. Errors: as readCertificate. */
export async function checkCertificates(config: Config): Promise<void> {
  const { tlsCert, tlsKey, kafkaTlsCert, kafkaTlsKey } = config;
  if (tlsCert !== '') await readCertificate({ cert: tlsCert, key: tlsKey }, kinesisFlags);
  if (kafkaTlsCert !== '')
    await readCertificate({ cert: kafkaTlsCert, key: kafkaTlsKey }, kafkaFlags);
}

/** The certificate of the Kinesis port: from files, or generated at the first start. */
export function certificateOf({ config, place }: GatewayProcess): Promise<Certificate> {
  const { tlsCert: cert, tlsKey: key, advertisedHost } = config;
  if (cert !== '') return readCertificate({ cert, key }, kinesisFlags);
  return selfSignedCertificate(join(place.path, 'tls'), advertisedHost, Date.now());
}

/** Errors: `invalid-argument`, with the flags that name the files. */
export async function readCertificate(files: Certificate, flags: string): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([
      readFile(files.cert, 'utf8'),
      readFile(files.key, 'utf8'),
    ]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    const message = `${flags} cannot be used: ${(cause as Error).message}`;
    throw new GatewayError('invalid-argument', message, { cause });
  }
}
