import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { makeFolder } from './make-folder.ts';

/** PEM texts. */
export type Certificate = { readonly cert: string; readonly key: string };

const validDays = 3650;
const renewBeforeMs = 30 * 24 * 3600 * 1000;
const certificateFile = 'tls-certificate.pem';
const keyFile = 'tls-key.pem';

/**
 * The gateway's self-signed certificate, kept in the folder between runs, so that clients that
 * trust it continue to do so. Generated at the first start, and again when it is about to expire or
 * lacks the host's name.
 */
export async function selfSignedCertificate(
  folder: string,
  advertisedHost: string,
  nowMs: number,
): Promise<Certificate> {
  const kept = await readKept(folder);
  if (kept !== undefined && isGood(kept, advertisedHost, nowMs)) return kept;
  const made = await makeCertificate(advertisedHost, nowMs);
  await makeFolder(folder);
  await writeWhole(join(folder, keyFile), made.key, 0o600);
  await writeWhole(join(folder, certificateFile), made.cert, 0o644);
  return made;
}

async function readKept(folder: string): Promise<Certificate | undefined> {
  try {
    const [cert, key] = await Promise.all([
      readFile(join(folder, certificateFile), 'utf8'),
      readFile(join(folder, keyFile), 'utf8'),
    ]);
    return { cert, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isGood({ cert, key }: Certificate, host: string, nowMs: number): boolean {
  try {
    const parsed = new X509Certificate(cert);
    const named = isIP(host) === 0 ? parsed.checkHost(host) : parsed.checkIP(host);
    const expiresMs = Date.parse(parsed.validTo);
    return named !== undefined && expiresMs - nowMs > renewBeforeMs && key.includes('PRIVATE KEY');
  } catch {
    // A damaged file is replaced like a missing one.
    return false;
  }
}

async function makeCertificate(host: string, nowMs: number): Promise<Certificate> {
  const names = ['localhost', ...(isIP(host) === 0 ? [host] : [])];
  const addresses = ['127.0.0.1', '::1', ...(isIP(host) === 0 ? [] : [host])];
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - 24 * 3600 * 1000),
    notAfterDate: new Date(nowMs + validDays * 24 * 3600 * 1000),
    extensions: [
      // It is a CA as well, so that it can be used in a client's CA bundle.
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[...new Set(names)].map((value) => ({ type: 2 as const, value })),
          ...[...new Set(addresses)].map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert: pems.cert, key: pems.private };
}

/** Written to a second file first, so that a crash leaves either the old one or the new one. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}
