/** Files with a mistake in registries, discovery or what an application consumes. */
import { appWith, type Mistake, withSidecar } from './documents.ts';

const registry = (keys: string) => withSidecar(`registries:\n  main: {${keys}}\n`);
const discovery = (keys: string) =>
  withSidecar(`registries:\n  main: {zookeeper: ["127.0.0.1:2181"]}\ndiscovery: {${keys}}\n`);

/** Mistakes in what the discovery agent reads. */
export const DISCOVERY_MISTAKES: readonly Mistake[] = [
  { name: 'a registry of no kind', yaml: registry('root: /dubbo') },
  { name: 'a registry of two kinds', yaml: registry('zookeeper: ["a:2181"], nacos: ["b:8848"]') },
  { name: 'no server', yaml: registry('zookeeper: []') },
  { name: 'a server without a port', yaml: registry('zookeeper: [zk1]') },
  { name: 'a server with port 0', yaml: registry('zookeeper: ["zk1:0"]') },
  { name: 'a server with a port above 65535', yaml: registry('zookeeper: ["zk1:65536"]') },
  { name: 'an address of IPv6 without brackets', yaml: registry('zookeeper: ["2001:db8::1:2181"]') },
  { name: 'a node path with an empty part', yaml: registry('zookeeper: ["zk1:2181"], root: /dubbo//x') },
  { name: 'a relative file of credentials', yaml: registry('zookeeper: ["zk1:2181"], auth: {file: zk.auth}') },
  { name: 'a number as a namespace', yaml: registry('nacos: ["b:8848"], namespace: 7') },
  { name: 'discovery without registries', yaml: discovery('socket: unix:/run/a.sock') },
  { name: 'a registry that is not there', yaml: discovery('registries: [mian]') },
  { name: 'a registry like no other', yaml: discovery('registries: [main, elsewhere]') },
  { name: 'a registry in a file without registries', yaml: withSidecar('discovery: {registries: [main]}\n') },
  { name: 'a socket that is a port', yaml: discovery('registries: [main], socket: "127.0.0.1:15010"') },
  {
    name: 'a socket with a path that is too long',
    yaml: discovery(`registries: [main], socket: "unix:/${'a'.repeat(107)}"`),
  },
  { name: 'a share of 0', yaml: discovery('registries: [main], guard: {shrink: 0%}') },
  { name: 'a share above 100', yaml: discovery('registries: [main], guard: {shrink: 101%}') },
  { name: 'a hold that is too short', yaml: discovery('registries: [main], guard: {hold: 999ms}') },
  { name: 'a unit without its own name', yaml: discovery('registries: [main], unit: {label: unit}') },
  { name: 'an unknown mode of units', yaml: discovery('registries: [main], unit: {label: unit, own: a, mode: open}') },
  { name: 'consumes without discovery', yaml: appWith('consumes: {apps: [orders]}') },
  { name: 'consumes nothing', yaml: appWith('consumes: {apps: []}') },
  { name: 'consumes a word', yaml: appWith('consumes: all') },
];
