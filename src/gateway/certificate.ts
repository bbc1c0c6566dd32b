/** The certificates of the doors. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../domain/errors.ts';
import { type Certificate, selfSignedCertificate } from '../runtime/certificate.ts';
import type { GatewayProcess } from './process.ts';

/** The certificate of the Kinesis port: from files, or generated at the first start. */
export function certificateOf({ config, place }: GatewayProcess): Promise<Certificate> {
  const { tlsCert: cert, tlsKey: key, advertisedHost } = config;
  if (cert !== '') return readCertificate({ cert, key }, '--tls-cert or --tls-key');
  return selfSignedCertificate(join(place.path, 'tls'), advertisedHost, Date.now());
}

/** Errors: `invalid-argument`, with the flags that name the files. */
export async function readCertificate(files: Certificate, flags: string): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([
      readFile(files.cert, 'utf8'),
      readFile(files.key, 'utf8'),
    ]);
    return { cert, key };
  } catch (cause) {
    const message = `${flags} cannot be read: ${(cause as Error).message}`;
    throw new GatewayError('invalid-argument', message, { cause });
  }
}
