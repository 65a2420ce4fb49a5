/** The address families on which a sidecar's listeners accept redirected connections. */
import type { NamedApp } from './build-app.ts';
import type { TcpSocket } from './ports.ts';
import type { Families } from './rules/policy.ts';

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

/** The listeners of a sidecar that an application needs, by direction. */
export function neededListeners({
  app,
  sidecar,
}: NamedApp): readonly { port: number; direction: 'outbound' | 'inbound' }[] {
  return (['outbound', 'inbound'] as const).flatMap((direction) => {
    const port = sidecar[direction];
    return app[direction] === null || port === undefined ? [] : [{ port, direction }];
  });
}

/** The families on which a sidecar accepts in every direction that an application needs. */
export function sidecarFamilies(one: NamedApp, listeners: readonly TcpSocket[]): Families {
  const answers = neededListeners(one).map(({ port, direction }) => listeningFamilies(listeners, port, direction));
  return { ipv4: answers.every(({ ipv4 }) => ipv4), ipv6: answers.every(({ ipv6 }) => ipv6) };
}
