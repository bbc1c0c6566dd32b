/** Sources of bearer tokens for brokers: a file that is renewed by others, or an endpoint. */
import { readFile } from 'node:fs/promises';
import { GatewayError } from '../../src/domain/errors.ts';
import type { Credentials, TokenSource } from './sasl.ts';

export type TokenEndpoint = {
  /** URL that grants tokens for client credentials (RFC 6749, section 4.4). */
  readonly url: string;
  readonly client: Credentials;
  /** Space-separated; empty if the endpoint requires none. */
  readonly scope: string;
};

const requestTimeoutMs = 10_000;
const tokenCharactersMax = 64 * 1024;
/** A new token is requested when less than this fraction of its lifetime is left. */
const renewAtLeftRatio = 0.2;
/** The assumed lifetime of a token if the endpoint does not return it. */
const lifetimeMsDefault = 60_000;

/** Read at every authentication, so a renewed file takes effect without a restart. */
export function tokenFromFile(path: string): TokenSource {
  return async () => {
    try {
      return checkedToken((await readFile(path, 'utf8')).trim(), path);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      const message = `the token file ${path} cannot be read: ${(cause as Error).message}`;
      throw new GatewayError('unavailable', message, { cause });
    }
  };
}

type Kept = { readonly token: string; readonly renewAtMs: number };

/** Kept until it is about to expire; concurrent authentications share one request. */
export function tokenFromEndpoint(endpoint: TokenEndpoint): TokenSource {
  let kept: Kept | undefined;
  let asking: Promise<Kept> | undefined;
  return async () => {
    if (kept !== undefined && Date.now() < kept.renewAtMs) return kept.token;
    asking ??= ask(endpoint).finally(() => (asking = undefined));
    kept = await asking;
    return kept.token;
  };
}

async function ask({ url, client, scope }: TokenEndpoint): Promise<Kept> {
  const askedAtMs = Date.now();
  const basic = [client.username, client.password].map(encodeURIComponent).join(':');
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== '') body.set('scope', scope);
  let answer: { access_token?: unknown; expires_in?: unknown };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
      body,
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    answer = (await response.json()) as typeof answer;
  } catch (cause) {
    const message = `no token from ${url}: ${(cause as Error).message}`;
    throw new GatewayError('unavailable', message, { cause });
  }
  const { access_token: token, expires_in: seconds } = answer;
  const lifetimeMs = typeof seconds === 'number' ? seconds * 1000 : lifetimeMsDefault;
  return {
    token: checkedToken(typeof token === 'string' ? token : '', url),
    renewAtMs: askedAtMs + lifetimeMs * (1 - renewAtLeftRatio),
  };
}

/** Invalid tokens must not be sent, since separators have a meaning on the wire. */
function checkedToken(token: string, where: string): string {
  if (/^[\w.~+/=-]+$/.test(token) && token.length <= tokenCharactersMax) return token;
  throw new GatewayError('unavailable', `${where} gave no bearer token`);
}
