import { parse } from 'yaml';

/** What weir needs to know of a bootstrap; read from its static part, because only that is certain before a start. */
export interface BootstrapFacts {
  /** `unix:/path` or `http://host:port`; null when the bootstrap has no admin. */
  readonly admin: string | null;
  /** `127.0.0.1:15001`, `[::1]:15001`, sorted: the TCP addresses that listeners bind. */
  readonly listeners: readonly string[];
  /** Files that access logs are written to. */
  readonly accessLogs: readonly string[];
}

type Plain = Record<string, unknown>;

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) found = typeof found === 'object' && found !== null ? (found as Plain)[key] : undefined;
  return found;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function addressText(address: unknown): string | null {
  const pipe = at(address, 'pipe', 'path');
  if (typeof pipe === 'string') return `unix:${pipe}`;
  const host = at(address, 'socket_address', 'address');
  const port = at(address, 'socket_address', 'port_value');
  if (typeof host !== 'string' || typeof port !== 'number') return null;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function collectAccessLogs(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  const type = at(value, '@type');
  const path = at(value, 'path');
  if (typeof type === 'string' && type.endsWith('.FileAccessLog') && typeof path === 'string') found.add(path);
  for (const child of Object.values(value)) collectAccessLogs(child, found);
}

/** Reads a bootstrap in YAML or JSON. Null when it is neither, e.g. a binary protobuf. */
export function readBootstrapFacts(text: string): BootstrapFacts | null {
  let root: unknown;
  try {
    root = parse(text, { maxAliasCount: 1000 });
  } catch {
    return null;
  }
  if (typeof root !== 'object' || root === null) return null;
  const listeners = new Set<string>();
  for (const listener of list(at(root, 'static_resources', 'listeners'))) {
    if (at(listener, 'address', 'socket_address', 'protocol') === 'UDP') continue;
    const addresses = [
      at(listener, 'address'),
      ...list(at(listener, 'additional_addresses')).map((a) => at(a, 'address')),
    ];
    for (const address of addresses) {
      const text = addressText(address);
      if (text !== null && !text.startsWith('unix:')) listeners.add(text);
    }
  }
  const admin = addressText(at(root, 'admin', 'address'));
  const logs = new Set<string>();
  collectAccessLogs(root, logs);
  return {
    admin: admin === null || admin.startsWith('unix:') ? admin : `http://${admin}`,
    listeners: [...listeners].sort(),
    accessLogs: [...logs].filter((path) => !path.startsWith('/dev/')).sort(),
  };
}
