/** Plain or TLS connections to brokers. */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { BrokerAddress, Connect } from './connection.ts';

/** PEM texts. Without `ca`, Node's default certificate authorities are trusted. */
export type TlsSettings = {
  readonly ca?: string | undefined;
  /** The gateway's own certificate, if brokers require one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Whether the broker's certificate must match the host name. */
  readonly checkHost: boolean;
};

const connectTimeoutMs = 5_000;

/**
 * Opens a connection; `onConnected` is called once the handshake is complete and bytes may be sent.
 */
export function dial(
  { host, port }: BrokerAddress,
  tls: TlsSettings | undefined,
  onConnected: () => void,
  onread?: OnReadOpts,
): Socket {
  const reading = onread === undefined ? {} : { onread };
  if (tls === undefined) {
    return connectTcp({ host, port, noDelay: true, ...reading }, onConnected);
  }
  // Node supports onread for TLS too, but its types do not declare it.
  const options: ConnectionOptions & { onread?: OnReadOpts } = {
    ...tlsOptions(tls),
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...reading,
  };
  const socket = connectTls(options, onConnected);
  socket.setNoDelay(true);
  return socket;
}

/** The options in the form of Node's TLS and kafkajs. */
export function tlsOptions({ ca, cert, key, checkHost }: TlsSettings): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(checkHost ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** Resolves with an open connection. Rejects after 5 s. */
export function connectBy(tls: TlsSettings | undefined): Connect {
  return (address) =>
    new Promise((resolve, reject) => {
      const socket = dial(address, tls, () => {
        clearTimeout(timer);
        socket.off('error', fail);
        resolve(socket);
      });
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => {
        socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      socket.once('error', fail);
    });
}
