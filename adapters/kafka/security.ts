/** How the gateway connects to a secured cluster, described for each kind of connection. */
import { readFile } from 'node:fs/promises';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { GatewayError } from '../../src/domain/errors.ts';
import type { BrokerLogin } from '../../src/kafka/brokers/backing-brokers.ts';
import type { Connect } from './connection.ts';
import { tokenFromEndpoint, tokenFromFile } from './oauth-tokens.ts';
import {
  loginOf,
  oauthClient,
  plainClient,
  type SaslClient,
  scramClient,
  type TokenSource,
} from './sasl.ts';
import { connectBy, tlsOptions, type TlsSettings } from './transport.ts';

export type SecuritySettings = {
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';
  readonly username: string;
  readonly password: string;
  /** Empty files and endpoints count as absent. */
  readonly tokenFile: string;
  readonly tokenEndpoint: string;
  readonly tokenScope: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly checkHost: boolean;
};

export type ClusterSecurity = {
  readonly tls: TlsSettings | undefined;
  readonly login: BrokerLogin | undefined;
  /** For the gateway's own connections. */
  readonly connect: Connect;
  /** For kafkajs. */
  readonly kafkajs: Pick<KafkaConfig, 'ssl' | 'sasl'>;
};

/** No TLS, no SASL. */
export const noSecurity: ClusterSecurity = {
  tls: undefined,
  login: undefined,
  connect: connectBy(undefined),
  kafkajs: {},
};

/** Reads the files. Errors: `invalid-argument` with the name of the setting. */
export async function openSecurity(settings: SecuritySettings): Promise<ClusterSecurity> {
  const { protocol, mechanism } = settings;
  const tls = protocol.endsWith('SSL') ? await tlsOf(settings) : undefined;
  const secured = { tls, connect: connectBy(tls) };
  const ssl = tls === undefined ? {} : { ssl: tlsOptions(tls) };
  if (!protocol.startsWith('SASL')) return { ...secured, login: undefined, kafkajs: ssl };
  const tokens = tokensOf(settings);
  return {
    ...secured,
    login: loginOf(clientOf(settings, tokens)),
    kafkajs: { ...ssl, sasl: kafkajsSasl(settings, mechanism, tokens) },
  };
}

async function tlsOf({
  caFile,
  certFile,
  keyFile,
  checkHost,
}: SecuritySettings): Promise<TlsSettings> {
  const [ca, cert, key] = await Promise.all([
    pemOf(caFile, 'kafka-ssl-ca-file'),
    pemOf(certFile, 'kafka-ssl-cert-file'),
    pemOf(keyFile, 'kafka-ssl-key-file'),
  ]);
  return { ca, cert, key, checkHost };
}

async function pemOf(file: string, flag: string): Promise<string | undefined> {
  if (file === '') return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const message = `--${flag} cannot be read: ${(cause as Error).message}`;
    throw new GatewayError('invalid-argument', message, { cause });
  }
}

function tokensOf(settings: SecuritySettings): TokenSource {
  const { tokenFile, tokenEndpoint: url, tokenScope: scope, username, password } = settings;
  if (tokenFile !== '') return tokenFromFile(tokenFile);
  return tokenFromEndpoint({ url, scope, client: { username, password } });
}

function clientOf(settings: SecuritySettings, tokens: TokenSource): SaslClient {
  const { mechanism } = settings;
  if (mechanism === 'PLAIN') return plainClient(settings);
  return mechanism === 'OAUTHBEARER' ? oauthClient(tokens) : scramClient(mechanism, settings);
}

function kafkajsSasl(
  { username, password }: SecuritySettings,
  mechanism: SecuritySettings['mechanism'],
  tokens: TokenSource,
): SASLOptions {
  if (mechanism === 'OAUTHBEARER') {
    return {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value: await tokens() }),
    };
  }
  if (mechanism === 'PLAIN') return { mechanism: 'plain', username, password };
  const name = mechanism === 'SCRAM-SHA-256' ? 'scram-sha-256' : 'scram-sha-512';
  return { mechanism: name, username, password };
}
