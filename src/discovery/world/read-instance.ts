/** Reads the node of an instance: the JSON of Curator's service discovery, which Dubbo and Spring Cloud write. */
import { canonicalIp, readPort } from './read-address.ts';
import { isPlainObject, parseJson } from './read-json.ts';
import { type InstanceNode, type InstancePort, NODE_LIMITS, type NodeFault, type ReadNode } from './registry-node.ts';
import { Sharing } from './sharing.ts';

/** Keys by which Dubbo talks to itself (ServiceInstanceMetadataUtils); they are no labels of the instance. */
const OWN_KEYS = new Set([
  'dubbo.endpoints',
  'dubbo.metadata.revision',
  'dubbo.metadata.storage-type',
  'dubbo.metadata-service.url-params',
  'dubbo.metadata-service.urls',
  'dubbo.metadata.cluster',
  'meta-v',
  'timestamp',
]);

const sharedPorts = new Sharing<readonly InstancePort[]>();
const sharedTexts = new Sharing<string>();
const sharedLabels = new Sharing<Readonly<Record<string, string>>>();

/** Reads the value of `/services/APP/ID`. The application is the folder's name: an instance cannot speak for another one. */
export function readInstanceNode(place: string, app: string, value: string): ReadNode<InstanceNode> {
  const refuse = (code: NodeFault['code'], what: string) => ({ fault: { code, place, what } });
  const json = parseJson(value, NODE_LIMITS.instance);
  if ('code' in json) return refuse(json.code, `${place} ${json.what}`);
  const { address, port, payload } = json.value;
  const ip = canonicalIp(address);
  if (ip === null)
    return refuse('no-literal-address', `${place} has the address ${JSON.stringify(address)?.slice(0, 80)}`);
  const metadata = stringsOf(isPlainObject(payload) && isPlainObject(payload.metadata) ? payload.metadata : {});
  const ports = portsOf(metadata['dubbo.endpoints'], port);
  if (ports === null) return refuse('bad-port', `${place} has no port from 1 to 65535`);
  const labels = Object.fromEntries(Object.entries(metadata).filter(([key]) => !OWN_KEYS.has(key)));
  const revision = metadata['dubbo.metadata.revision'] ?? '';
  return {
    node: {
      app,
      address: ip,
      ports: sharedPorts.of(JSON.stringify(ports), ports),
      revision: sharedTexts.of(revision, revision),
      metadata: metadata['dubbo.metadata.storage-type'] === 'remote' ? 'remote' : 'local',
      labels: sharedLabels.of(JSON.stringify(labels), labels),
      startedAt: startedAt(metadata.timestamp),
    },
  };
}

/** The ports of `dubbo.endpoints`, a JSON text of `{port, protocol}`; without it the instance's own port speaks Dubbo. */
function portsOf(endpoints: string | undefined, own: unknown): readonly InstancePort[] | null {
  const listed = endpoints === undefined ? null : parseList(endpoints);
  if (listed === null) {
    const port = readPort(own);
    return port === null ? null : [{ port, protocol: 'dubbo' }];
  }
  const ports = new Map<string, InstancePort>();
  for (const one of listed) {
    const port = isPlainObject(one) ? readPort(one.port) : null;
    if (port === null || !isPlainObject(one) || typeof one.protocol !== 'string') continue;
    ports.set(one.protocol.toLowerCase(), { port, protocol: one.protocol.toLowerCase() });
  }
  return ports.size === 0 ? null : [...ports.values()];
}

function parseList(text: string): readonly unknown[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : null;
  } catch {
    // An unreadable list is none: the instance's own port is left.
    return null;
  }
}

function startedAt(timestamp: string | undefined): number | null {
  const ms = Number(timestamp);
  return timestamp !== undefined && Number.isSafeInteger(ms) && ms > 0 ? ms : null;
}

/** The entries whose values are texts: metadata of a registry is a map of strings, whatever a node holds. */
function stringsOf(object: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(object).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}
