/**
 * One port for all brokers: the host name in a client's TLS handshake (SNI) selects the broker.
 * Names are built from a pattern such as `broker-{id}.kafka.example`.
 */
const placeholder = '{id}';

/** The host name of a broker. */
export function brokerHost(pattern: string, nodeId: number): string {
  return pattern.replace(placeholder, String(nodeId));
}

/** The broker of a host name; undefined if the name does not match the pattern. */
export function brokerOfHost(pattern: string, host: string): number | undefined {
  const [before = '', after = ''] = pattern.split(placeholder);
  const name = host.toLowerCase();
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const id = name.slice(before.length, name.length - after.length);
  return /^(?:0|[1-9]\d{0,8})$/.test(id) ? Number(id) : undefined;
}
