/**
 * Pagination tokens: opaque, signed, stateless, so that any gateway on the catalog honours
 * another's. Source: NextToken in ListShards, ListStreams, ListStreamConsumers of the Kinesis
 * API reference; tokens expire after 300 seconds.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KinesisContext } from './action.ts';
import { invalidArgument, KinesisError } from './errors.ts';

export const tokenLifetimeMs = 300_000;
const signatureBytes = 32;

type Signer = Pick<KinesisContext, 'secret' | 'clock'>;

/** `purpose` keeps a token of one action from being taken by another. */
export function pagingTokenOf(purpose: string, position: unknown, signer: Signer): string {
  const issued = { atMs: signer.clock.nowMs(), purpose, position };
  const payload = Buffer.from(JSON.stringify(issued));
  return Buffer.concat([sign(payload, signer.secret), payload]).toString('base64');
}

/**
 * The position that the token holds. Errors: InvalidArgumentException for a token that no
 * gateway of this catalog gave out for this purpose, ExpiredNextTokenException for an old one.
 */
export function positionIn(purpose: string, token: string, signer: Signer): unknown {
  const bytes = Buffer.from(token, 'base64');
  const payload = bytes.subarray(signatureBytes);
  const signature = bytes.subarray(0, signatureBytes);
  const genuine =
    signature.length === signatureBytes &&
    timingSafeEqual(signature, sign(payload, signer.secret)) &&
    bytes.toString('base64') === token;
  if (!genuine) throw invalidArgument('Invalid NextToken.');
  const issued = JSON.parse(payload.toString()) as {
    atMs: number;
    purpose: string;
    position: unknown;
  };
  if (issued.purpose !== purpose) throw invalidArgument('Invalid NextToken.');
  if (signer.clock.nowMs() - issued.atMs > tokenLifetimeMs) {
    throw new KinesisError(
      'ExpiredNextTokenException',
      'The pagination token passed to the operation is expired.',
    );
  }
  return issued.position;
}

function sign(payload: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('paging-token').update(payload).digest();
}
