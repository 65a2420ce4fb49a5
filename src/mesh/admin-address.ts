/** The admin address of a sidecar's Envoy, as mesh.yaml writes it. */
import { canonicalAddress } from './cidr.ts';
import type { AdminAddress } from './mesh-config.ts';
import { readPort } from './port-range.ts';
import { isRead, quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** What an admin address looks like, for the JSON Schema; `readAdminAddress` decides. */
export const ADMIN_ADDRESS_PATTERN = '^(unix:/.+|http://.+:[0-9]{1,5}/?)$';

/** sun_path holds 108 bytes, the closing NUL included: unix(7). */
const LONGEST_SOCKET_PATH = 107;
const HINT = 'write unix:/run/weir/main/admin.sock or http://127.0.0.1:15000';

/**
 * Where Envoy's admin interface listens: `unix:/absolute/path` or `http://ADDRESS:PORT`. `localhost` becomes 127.0.0.1,
 * since Envoy's bootstrap takes an address, and asking for a name could go through the mesh itself.
 */
export function readAdminAddress(value: unknown): ReadValue<AdminAddress> {
  const refuse = (why: string, hint = HINT) => refuseValue(`${quoteValue(value)} is not an admin address`, why, hint);
  if (typeof value !== 'string') return refuse('it is not a text');
  if (value.startsWith('unix:')) {
    const path = value.slice('unix:'.length);
    if (!path.startsWith('/')) return refuse('the path of the socket is not absolute');
    if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
      return refuse(
        `the kernel takes at most ${LONGEST_SOCKET_PATH} bytes for the path of a socket`,
        'write a shorter path',
      );
    }
    if (/\p{Cc}/u.test(path)) return refuse('the path has a control character');
    return { value: { kind: 'unix', path } };
  }
  if (value.startsWith('https:')) return refuse("Envoy's admin interface speaks no TLS", `write http${value.slice(5)}`);
  if (/^http:\/\/[0-9A-Fa-f]*:[0-9A-Fa-f]*:/.test(value)) {
    return refuse('an IPv6 address needs brackets before a port', 'write for example http://[::1]:15000');
  }
  const match = /^http:\/\/(\[[^\]]*\]|[^/:@?#]*)(?::([0-9]+))?(\/?.*)$/.exec(value);
  if (match === null) return refuse('it begins neither with unix: nor with http://');
  const [, host = '', portText, rest = ''] = match;
  if (rest !== '' && rest !== '/') return refuse('weir adds the path itself: only an address and a port belong here');
  const address = canonicalAddress(host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''));
  if (address === null || address.includes(':') !== host.startsWith('[')) {
    return refuse('the host is not an address: a name would have to be looked up, perhaps through the mesh');
  }
  const port = readPort(portText);
  if (!isRead(port)) return refuse(portText === undefined ? 'the port is missing' : port.fault.why);
  return { value: { kind: 'http', host: address, port: port.value } };
}

/** The text that `readAdminAddress` reads as this address. */
export function formatAdminAddress(admin: AdminAddress): string {
  if (admin.kind === 'unix') return `unix:${admin.path}`;
  return `http://${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
}
