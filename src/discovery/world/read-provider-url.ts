/** Reads a provider of the interface-level layout: a URL that is the name of a node. */
import { canonicalIp, readPort } from './read-address.ts';
import { NODE_LIMITS, type NodeFault, type ProviderNode, type ReadNode } from './registry-node.ts';

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?(?:\/[^?]*)?(?:\?(.*))?$/i;

/** Reads the name of a node below `/dubbo/INTERFACE/providers`. The interface is the folder's name, not the URL's. */
export function readProviderUrl(folder: string, interfaceName: string, nodeName: string): ReadNode<ProviderNode> {
  const place = `${folder}/${nodeName.slice(0, 300)}`;
  const refuse = (code: NodeFault['code'], what: string) => ({ fault: { code, place, what } });
  if (Buffer.byteLength(nodeName) > NODE_LIMITS.url) {
    return refuse('too-large', `a provider of ${interfaceName} has more than ${NODE_LIMITS.url} bytes`);
  }
  const text = decodeNodeName(nodeName);
  const match = text === null ? null : URL_FORM.exec(text);
  if (match === null) return refuse('not-a-url', `a provider of ${interfaceName} is no URL`);
  const [, protocol = '', host = '', portText = '', query = ''] = match;
  const address = canonicalIp(host.replace(/^\[|\]$/g, ''));
  if (address === null)
    return refuse('no-literal-address', `a provider of ${interfaceName} has the host ${host.slice(0, 80)}`);
  const port = readPort(portText);
  if (port === null) return refuse('bad-port', `${address} of ${interfaceName} has the port ${portText || 'none'}`);
  const params = parseQuery(query);
  const app = params.application;
  if (app === undefined || app === '') {
    return refuse('no-application', `${address}:${port} of ${interfaceName} names no application`);
  }
  const version = params.version ?? '';
  return {
    node: {
      app,
      address,
      port,
      protocol: protocol.toLowerCase(),
      service: { interface: interfaceName, group: params.group ?? '', version: version === '0.0.0' ? '' : version },
      params,
    },
  };
}

/** Dubbo encodes with java.net.URLEncoder, where a blank is `+`. Null for a broken escape. */
export function decodeNodeName(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** The parameters as Dubbo's URL holds them: decoded once as a whole before, so a value is taken as it stands. */
function parseQuery(query: string): Record<string, string> {
  const params: Record<string, string> = Object.create(null);
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    if (pair !== '') params[at === -1 ? pair : pair.slice(0, at)] = at === -1 ? '' : pair.slice(at + 1);
  }
  return { ...params };
}
