/**
 * One port for all brokers: the host name that a client names in its TLS greeting (SNI) tells which
 * broker it wants. Names are made from a pattern such as `broker-{id}.kafka.example`.
 */
const placeholder = '{id}';

/** The host name of a broker. */
export function brokerHost(pattern: string, nodeId: number): string {
  return pattern.replace(placeholder, String(nodeId));
}

/** The broker that a host name stands for; undefined where it is none of the pattern. */
export function brokerOfHost(pattern: string, host: string): number | undefined {
  const [before = '', after = ''] = pattern.split(placeholder);
  const name = host.toLowerCase();
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const id = name.slice(before.length, name.length - after.length);
  return /^(?:0|[1-9]\d{0,8})$/.test(id) ? Number(id) : undefined;
}
