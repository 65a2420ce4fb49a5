/** Turns what Nacos lists of a service into nodes of the world. */

import { canonicalIp, readPort } from '../../world/read-address.ts';
import { readInstanceNode } from '../../world/read-instance.ts';
import { isPlainObject } from '../../world/read-json.ts';
import type { Listed } from '../../world/registry-event.ts';
import { type InstanceNode, NODE_LIMITS, type ProviderNode, type ReadNode } from '../../world/registry-node.ts';

/** One instance of a service that is healthy and switched on. */
export interface NacosHost {
  /** `ip:port` as Nacos has them. */
  readonly id: string;
  readonly ip: unknown;
  readonly port: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A service of the interface-level layout, by its name in Nacos: `providers:INTERFACE:VERSION:GROUP`. */
export interface ProviderService {
  readonly interface: string;
  readonly version: string;
  readonly group: string;
}

/** The hosts of a ServiceInfo that take calls: Nacos lists those that are unhealthy or switched off too. Null without a list. */
export function hostsOf(serviceInfo: unknown): readonly NacosHost[] | null {
  if (!isPlainObject(serviceInfo) || !Array.isArray(serviceInfo.hosts)) return null;
  return serviceInfo.hosts.filter(isPlainObject).flatMap((host: Readonly<Record<string, unknown>>) => {
    if (host.healthy === false || host.enabled === false) return [];
    const metadata = isPlainObject(host.metadata) ? host.metadata : {};
    return [{ id: `${String(host.ip)}:${String(host.port)}`, ip: host.ip, port: host.port, metadata }];
  });
}

/** Reads a name of the interface-level layout; null for every other service. */
export function readServiceName(name: string): ProviderService | null {
  const [category, interfaceName = '', version = '', group = ''] = name.split(':');
  if (category !== 'providers' || interfaceName === '') return null;
  return { interface: interfaceName, version: version === '0.0.0' ? '' : version, group };
}

/** The instances of an application. */
export function readInstances(app: string, hosts: readonly NacosHost[]): Listed<InstanceNode> {
  return new Map(
    hosts.map(({ id, ip, port, metadata }) => {
      const text = JSON.stringify({ address: ip, port, payload: { metadata } });
      return [id, readInstanceNode(`${app}#${id}`, app, text)] as const;
    }),
  );
}

/** One provider of the interface-level layout: its metadata are the parameters of its URL. */
export function readProvider(service: ProviderService, serviceName: string, host: NacosHost): ReadNode<ProviderNode> {
  const place = `${serviceName}#${host.id}`;
  const refuse = (code: 'too-large' | 'no-literal-address' | 'bad-port' | 'no-application', what: string) => ({
    fault: { code, place, what },
  });
  const size = Buffer.byteLength(JSON.stringify(host.metadata));
  if (size > NODE_LIMITS.url) return refuse('too-large', `${place} has ${size} bytes, more than ${NODE_LIMITS.url}`);
  const params = Object.fromEntries(
    Object.entries(host.metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const address = canonicalIp(host.ip);
  if (address === null) return refuse('no-literal-address', `${place} has the host ${String(host.ip).slice(0, 80)}`);
  const port = readPort(host.port);
  if (port === null) return refuse('bad-port', `${place} has no port from 1 to 65535`);
  const app = params.application;
  if (app === undefined || app === '') return refuse('no-application', `${place} names no application`);
  const { interface: name, version, group } = service;
  const protocol = (params.protocol ?? 'dubbo').toLowerCase();
  return { node: { app, address, port, protocol, service: { interface: name, group, version }, params } };
}
