/** Reads the node of an instance: the JSON of Curator's service discovery, which Dubbo and Spring Cloud write. */
import { canonicalIp, readPort } from './read-address.ts';
import { isPlainObject, parseJson, textsOf } from './read-json.ts';
import { type InstanceNode, type InstancePort, NODE_LIMITS, type NodeFault, type ReadNode } from './registry-node.ts';
import { Sharing } from './sharing.ts';

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
  const metadata = textsOf(isPlainObject(payload) ? payload.metadata : null);
  const ports = portsOf(metadata['dubbo.endpoints'], port);
  if (ports === null) return refuse('bad-port', `${place} has no port from 1 to 65535`);
  // Instances of a revision differ in their start and in little else: the rest is one object for all of them.
  const { timestamp, ...labels } = metadata;
  const revision = metadata['dubbo.metadata.revision'] ?? '';
  return {
    node: {
      app,
      address: ip,
      ports: sharedPorts.of(JSON.stringify(ports), ports),
      revision: sharedTexts.of(revision, revision),
      metadata: metadata['dubbo.metadata.storage-type'] === 'remote' ? 'remote' : 'local',
      labels: sharedLabels.of(JSON.stringify(labels), labels),
      ...(timestamp === undefined ? {} : { timestamp }),
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
