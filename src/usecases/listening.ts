import type { Families } from '../intercept/policy.ts';
import type { TcpSocket } from './ports.ts';

/**
 * On which families a port accepts connections that a redirect brings. REDIRECT rewrites the destination to loopback
 * for local connections and to the incoming interface's address for remote ones, so inbound needs a wildcard listener.
 */
export function listeningFamilies(
  listeners: readonly TcpSocket[],
  port: number,
  direction: 'outbound' | 'inbound',
): Families {
  const addresses = listeners.filter((socket) => socket.local.port === port);
  const accepts = (family: 4 | 6): boolean =>
    addresses.some(({ local: { address }, dualStack }) => {
      if (dualStack) return true;
      if (address === (family === 4 ? '0.0.0.0' : '::')) return true;
      return direction === 'outbound' && address === (family === 4 ? '127.0.0.1' : '::1');
    });
  return { ipv4: accepts(4), ipv6: accepts(6) };
}
