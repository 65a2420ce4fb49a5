/** Which documents a gateway's listeners serve, and what of them nobody would serve. Pure. */
import type { Gateway } from '../object-schemas.ts';
import type { RouteDocument, VirtualService } from './virtual-service.ts';

type Listener = Gateway['spec']['listeners'][number];
type TcpRule = NonNullable<VirtualService['spec']['tcp']>[number];

/** The host names of a listener, in lower case as they are compared; null: any. */
export function hostsOf({ hosts }: Pick<Listener, 'hosts'>): readonly string[] | null {
  return hosts === undefined || hosts.includes('*') ? null : hosts.map((host) => host.toLowerCase());
}

/** That a document has a host which a listener serves; `domain` is the narrower of the two names. */
interface Claim {
  readonly service: VirtualService;
  readonly host: string;
  readonly domain: string;
}

function claimsOf(services: readonly VirtualService[], listener: Pick<Listener, 'hosts'>): readonly Claim[] {
  const served = hostsOf(listener) ?? ['*'];
  return services.flatMap((service) =>
    service.spec.hosts.flatMap((host) =>
      served.flatMap((one) => {
        const domain = narrower(host.toLowerCase(), one);
        return domain === null ? [] : [{ service, host, domain }];
      }),
    ),
  );
}

/** Exact names before wildcards, longer wildcards before shorter ones. */
function precision({ host }: Claim): number {
  return host.startsWith('*') ? host.length : Number.POSITIVE_INFINITY;
}

/** The hosts of each document at a listener. Of documents that have the same name there, that with the nearest host has it. */
export function domainsOf(
  services: readonly VirtualService[],
  listener: Pick<Listener, 'hosts'>,
): ReadonlyMap<VirtualService, readonly string[]> {
  const nearest = new Map<string, Claim>();
  for (const claim of claimsOf(services, listener)) {
    const other = nearest.get(claim.domain);
    if (other === undefined || precision(claim) > precision(other)) nearest.set(claim.domain, claim);
  }
  const claims = [...nearest.values()];
  const domains = (of: VirtualService) => claims.filter(({ service }) => service === of).map(({ domain }) => domain);
  return new Map(services.map((service) => [service, domains(service)]));
}

/** Null: no name fits both. */
function narrower(one: string, other: string): string | null {
  const covers = (wide: string, narrow: string) =>
    wide === '*' || wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)));
  if (covers(one, other)) return other;
  return covers(other, one) ? one : null;
}

/** Whether a route of TCP is for a port. */
export function routesPort({ match }: TcpRule, port: number): boolean {
  return match.some((one) => one.port === port);
}

/** Notes at each document what this gateway would leave out of it, or would find in another one as well. */
export function checkCoverage(gateway: Gateway, documents: readonly RouteDocument[]): void {
  const { listeners } = gateway.spec;
  const ports = documents.flatMap(({ service: { spec } }) => (spec.tcp ?? []).flatMap(({ match }) => match));
  const isHttp = ({ protocol, port }: Listener) => protocol !== 'dubbo' && ports.every((one) => one.port !== port);
  checkNames(gateway, documents);
  checkHosts(
    documents.filter(({ service }) => (service.spec.http ?? []).length > 0),
    listeners.filter(isHttp),
  );
  const byPort = new Map<number, string>();
  for (const document of documents) checkPorts(document, listeners, byPort);
}

function checkNames(gateway: Gateway, documents: readonly RouteDocument[]): void {
  const { name: own } = gateway.metadata;
  const seen = new Set<string>();
  for (const { service, problems } of documents) {
    const { gateways } = service.spec;
    if (gateways?.every((one) => one.split('/').at(-1) !== own)) {
      problems.atKey(['spec', 'gateways'], {
        what: `${own} is not among them`,
        why: `the document is for ${gateways.join(', ')}, and Gateway/${own} would serve it to everybody who reaches it`,
        hint: `add ${own}, or take the document out of the routes of Gateway/${own}`,
      });
    }
    const { name } = service.metadata;
    if (seen.has(name)) {
      problems.atValue(['metadata', 'name'], {
        what: `VirtualService/${name} is given twice`,
        why: 'Envoy tells hosts apart by the names of their documents',
        hint: 'give one of the two another name',
      });
    }
    seen.add(name);
  }
}

function checkHosts(documents: readonly RouteDocument[], listeners: readonly Listener[]): void {
  const services = documents.map(({ service }) => service);
  const claims = listeners.flatMap((listener) => claimsOf(services, listener).map((claim) => ({ ...claim, listener })));
  for (const { service, problems } of documents) {
    for (const [index, host] of service.spec.hosts.entries()) {
      const path = ['spec', 'hosts', index];
      const own = claims.filter((claim) => claim.service === service && claim.host === host);
      const other = claims.find(
        (claim) =>
          services.indexOf(claim.service) < services.indexOf(service) &&
          own.some(
            (one) =>
              one.listener === claim.listener && one.domain === claim.domain && precision(one) === precision(claim),
          ),
      );
      if (own.length === 0) {
        problems.atValue(path, {
          what: `no listener serves ${host}`,
          why:
            listeners.length === 0
              ? 'every listener is for Dubbo, or its port for a route of TCP'
              : `the listeners of HTTP serve ${listeners.map((one) => (hostsOf(one) ?? ['*']).join(', ')).join('; ')}`,
          hint: 'add the host to a listener, or take it out',
        });
      } else if (other !== undefined) {
        problems.atValue(path, {
          what: `${host} is served by VirtualService/${other.service.metadata.name} too`,
          why: 'Envoy looks for the routes of a host in one document',
          hint: 'write the routes of a host into one document, in their order',
        });
      }
    }
  }
}

function checkPorts(
  { service, problems }: RouteDocument,
  listeners: readonly Listener[],
  byPort: Map<number, string>,
): void {
  for (const [index, { match }] of (service.spec.tcp ?? []).entries()) {
    for (const [at, { port }] of match.entries()) {
      const path = ['spec', 'tcp', index, 'match', at, 'port'];
      const own = listeners.filter((one) => one.port === port);
      if (own.length === 0) {
        problems.atValue(path, {
          what: `no listener has the port ${port}`,
          why: `the listeners have ${[...new Set(listeners.map((one) => one.port))].join(', ')}`,
          hint: 'add a listener, or take the route out',
        });
      } else if (own.some(({ protocol }) => protocol === 'dubbo')) {
        problems.atValue(path, {
          what: `the listener of port ${port} is for Dubbo`,
          why: 'its calls are routed by spec.dubbo',
          hint: 'take protocol: dubbo from the listener, or the route out',
        });
      } else if (byPort.has(port)) {
        problems.atValue(path, {
          what: `port ${port} is routed by ${byPort.get(port)} already`,
          why: 'the first route of a port takes every connection',
          hint: 'keep one of the two',
        });
      }
      byPort.set(port, byPort.get(port) ?? `VirtualService/${service.metadata.name}`);
    }
  }
}
