/**
 * Pagination tokens: opaque, signed, stateless, so that any gateway on the catalog honours
 * another's. What a service answers to a token that is none, or too old, is its own affair.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';

/** Source: NextToken of ListShards in the Kinesis API reference. */
export const tokenLifetimeMs = 300_000;
const signatureBytes = 32;

export type TokenSigner = {
  /** Every gateway on one catalog shares it. */
  readonly secret: Buffer;
  readonly clock: Clock;
};

/** `purpose` keeps a token of one action from being taken by another. */
export function pagingTokenOf(purpose: string, position: unknown, signer: TokenSigner): string {
  const issued = { atMs: signer.clock.nowMs(), purpose, position };
  const payload = Buffer.from(JSON.stringify(issued));
  return Buffer.concat([sign(payload, signer.secret), payload]).toString('base64');
}

/**
 * `invalid`: no gateway of this catalog gave the token out for this purpose.
 * `expired`: one did, too long ago.
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
