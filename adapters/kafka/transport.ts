/** Plain or TLS connections to brokers. */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { BrokerAddress, Connect } from './connection.ts';

/** PEM texts. Without `ca` the authorities that Node knows are trusted. */
export type TlsSettings = {
  readonly ca?: string | undefined;
  /** The gateway's own certificate, where brokers want one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Whether the broker's certificate must name the host that was dialled. */
  readonly checkHost: boolean;
};

const connectTimeoutMs = 5_000;

/** Begins a connection; `onConnected` is called when bytes may be sent, the handshake over. */
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
  // Node takes onread for TLS, too; its types do not know.
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

/** As Node's TLS and kafkajs take them. */
export function tlsOptions({ ca, cert, key, checkHost }: TlsSettings): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(checkHost ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** Resolves with a connection that bytes may be sent on. Rejects after 5 s. */
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
