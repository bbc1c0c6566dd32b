/**
 * Pagination tokens: opaque, signed, stateless, so any gateway on the catalog accepts them. Each
 * service has its own error for invalid or expired tokens.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';

/** Source: NextToken of ListShards in the Kinesis API reference. */
export const tokenLifetimeMs = 300_000;
const signatureBytes = 32;

export type TokenSigner = {
  /** Shared by all gateways on the catalog. */
  readonly secret: Buffer;
  readonly clock: Clock;
};

/** `purpose` prevents a token of one action from being accepted by another. */
export function pagingTokenOf(purpose: string, position: unknown, signer: TokenSigner): string {
  const issued = { atMs: signer.clock.nowMs(), purpose, position };
  const payload = Buffer.from(JSON.stringify(issued));
  return Buffer.concat([sign(payload, signer.secret), payload]).toString('base64');
}

/**
 * `invalid`: no gateway of this catalog issued the token for this purpose. `expired`: it was issued
 * too long ago.
 */
export type ReadToken =
  { readonly position: unknown } | { readonly problem: 'invalid' | 'expired' };

const invalid: ReadToken = { problem: 'invalid' };

export function readPagingToken(purpose: string, token: string, signer: TokenSigner): ReadToken {
  const bytes = Buffer.from(token, 'base64');
  const payload = bytes.subarray(signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  const genuine =
    signature.length === signatureBytes &&
    timingSafeEqual(signature, sign(payload, signer.secret)) &&
    bytes.toString('base64') === token;
  if (!genuine) return invalid;
  const issued = JSON.parse(payload.toString()) as {
    atMs: number;
    purpose: string;
    position: unknown;
  };
  if (issued.purpose !== purpose) return invalid;
  const isOld = signer.clock.nowMs() - issued.atMs > tokenLifetimeMs;
  return isOld ? { problem: 'expired' } : { position: issued.position };
}

function sign(payload: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('paging-token').update(payload).digest();
}
