/**
 * The client side of SASL, which the gateway uses with brokers. Sources: RFC 4616 (PLAIN), RFC 5802
 * and 7677 (SCRAM), RFC 7628 and KIP-255 (OAUTHBEARER).
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { GatewayError } from '../../src/domain/errors.ts';
import type { BrokerLogin } from '../../src/kafka/brokers/backing-brokers.ts';
import { errorCodes, errorName } from '../../src/wire/errors.ts';

/** One mechanism with the gateway's credentials. */
export type SaslClient = {
  /** The SASL name, such as SCRAM-SHA-512. */
  readonly mechanism: string;
  begin(): SaslConversation;
};

export type SaslConversation = {
  /**
   * Computes the token to send after the broker's last message, which is empty at first; undefined
   * when the exchange is complete. Errors: `access-denied`, `unavailable` (there is no token now).
   */
  next(said: Buffer): Promise<Buffer | undefined>;
};

export type Credentials = { readonly username: string; readonly password: string };

/** Returns a bearer token that is valid now. Errors: `unavailable`. */
export type TokenSource = () => Promise<string>;

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

const nonceBytes = 24;
/** Brokers request 4,096 iterations or more; a larger number than this is an attack. */
const iterationsMin = 4_096;
const iterationsMax = 1_000_000;

const derive = promisify(pbkdf2);

/** A complete authentication: selection of the mechanism, then its tokens. */
export function loginOf({ mechanism, begin }: SaslClient): BrokerLogin {
  return async (channel) => {
    const refusal = (why: string) =>
      new GatewayError('access-denied', `Kafka at ${channel.name} refused the gateway: ${why}`);
    const { errorCode, mechanisms } = await channel.handshake(mechanism);
    if (errorCode === errorCodes.ILLEGAL_SASL_STATE) throw refusal('its listener has no SASL');
    if (errorCode !== errorCodes.NONE) {
      throw refusal(`its listener has no ${mechanism}, but ${mechanisms.join(', ')}`);
    }
    const conversation = begin();
    let said: Buffer = Buffer.alloc(0);
    let lifetimeMs = 0;
    for (;;) {
      const token = await conversation.next(said);
      if (token === undefined) return lifetimeMs;
      const answer = await channel.authenticate(token);
      if (answer.errorCode !== errorCodes.NONE) {
        throw refusal(`${mechanism}: ${answer.errorMessage ?? errorName(answer.errorCode)}`);
      }
      said = answer.authBytes;
      lifetimeMs = Number(answer.sessionLifetimeMs);
    }
  };
}

export function plainClient({ username, password }: Credentials): SaslClient {
  return {
    mechanism: 'PLAIN',
    begin: () => inSteps([async () => Buffer.from(`\0${username}\0${password}`)]),
  };
}

export function scramClient(mechanism: ScramMechanism, credentials: Credentials): SaslClient {
  return {
    mechanism,
    begin: () => {
      const exchange = new ScramExchange(mechanism, credentials, randomNonce());
      return inSteps([
        async () => exchange.first(),
        (said) => exchange.final(said),
        async (said) => {
          exchange.verify(said);
          return undefined;
        },
      ]);
    },
  };
}

export function oauthClient(token: TokenSource): SaslClient {
  return {
    mechanism: 'OAUTHBEARER',
    begin: () =>
      inSteps([
        async () => Buffer.from(`n,,\x01auth=Bearer ${await token()}\x01\x01`),
        // The broker's reply to a refused token contains the reason; it expects one more byte
        // before it fails (RFC 7628).
        async (said) => (said.length === 0 ? undefined : Buffer.from('\x01')),
      ]),
  };
}

/** Runs steps in order; after the last one the exchange is complete. */
function inSteps(
  steps: readonly ((said: Buffer) => Promise<Buffer | undefined>)[],
): SaslConversation {
  let step = 0;
  return { next: async (said) => steps[step++]?.(said) };
}

/** Printable and without commas, as the RFC requires. */
function randomNonce(): string {
  return randomBytes(nonceBytes).toString('base64url');
}

/** One SCRAM exchange without channel binding, which Kafka does not support. */
export class ScramExchange {
  readonly #hash: 'sha256' | 'sha512';
  readonly #mechanism: ScramMechanism;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  constructor(mechanism: ScramMechanism, { username, password }: Credentials, nonce: string) {
    this.#mechanism = mechanism;
    this.#hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    this.#password = password;
    this.#nonce = nonce;
    const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare}`);
  }

  /** `said` is the server-first-message: nonce, salt, iterations. */
  async final(said: Buffer): Promise<Buffer> {
    const serverFirst = said.toString('utf8');
    const fields = fieldsOf(serverFirst);
    const nonce = fields.get('r') ?? '';
    const salt = Buffer.from(fields.get('s') ?? '', 'base64');
    const iterations = Number(fields.get('i') ?? Number.NaN);
    const isOurs = nonce.startsWith(this.#nonce) && nonce.length > this.#nonce.length;
    const isSound = Number.isInteger(iterations) && iterations <= iterationsMax;
    if (!isOurs || salt.length === 0 || !isSound || iterations < iterationsMin) {
      throw this.#refusal('its first message is not as it should be');
    }
    const size = this.#hash === 'sha256' ? 32 : 64;
    const salted = await derive(this.#password, salt, iterations, size, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`;
    const message = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const signature = this.#hmac(storedKey, message);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), message);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** Verifies that the server knows the password as well. Errors: `access-denied`. */
  verify(said: Buffer): void {
    const fields = fieldsOf(said.toString('utf8'));
    const refused = fields.get('e');
    if (refused !== undefined) throw this.#refusal(refused);
    const given = Buffer.from(fields.get('v') ?? '', 'base64');
    const expected = this.#serverSignature;
    if (expected?.length === given.length && timingSafeEqual(expected, given)) return;
    throw this.#refusal('it does not know the password itself');
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }

  #refusal(why: string): GatewayError {
    return new GatewayError('access-denied', `${this.#mechanism} with the broker failed: ${why}`);
  }
}

function fieldsOf(message: string): ReadonlyMap<string, string> {
  const pairs = message.split(',').map((each) => [each.slice(0, 1), each.slice(2)] as const);
  return new Map(pairs);
}
