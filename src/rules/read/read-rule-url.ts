/** Rules that are registry URLs. */
import { WeirError } from '../../errors/weir-error.ts';
import { OPEN_SCOPE, PLAIN_SOURCE, type RuleSource } from './rule-source.ts';

/**
 * Reads a registry URL: `script://0.0.0.0/<interface>?type=groovy&rule=<encoded>`, `condition://...`, or `route://...` whose
 * parameter `router` says which it is; also one that is encoded as a whole, as ZooKeeper holds it.
 * @throws WeirError WEIR5002 where the rule is missing or the encoding broken.
 */
export function readRuleUrl(path: string, raw: string): RuleSource {
  const text = /^[a-z]+%3A%2F%2F/i.test(raw) ? decode(path, raw) : raw;
  const match = /^([a-z]+):\/\/([^/?]*)(?:\/([^?]*))?(?:\?([\s\S]*))?$/i.exec(text);
  const params = new Map<string, string>();
  for (const pair of (match?.[4] ?? '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) params.set(pair.slice(0, at), pair.slice(at + 1));
  }
  // The directory takes the parameter for the protocol before it looks for a router.
  const protocol = match?.[1]?.toLowerCase();
  const router = params.get('router') || protocol;
  if (!match || (router !== 'script' && router !== 'condition')) throw refusal(path, whyNot(protocol, router));
  const encoded = params.get('rule');
  if (encoded === undefined || encoded === '') throw refusal(path, 'the parameter `rule` is missing');
  // URL.decode of Java reads + as a blank.
  const rule = decode(path, encoded.replaceAll('+', ' '));
  const host = match[2] ?? '';
  const scope = {
    ...OPEN_SCOPE,
    service: match[3] ? decode(path, match[3]) : null,
    group: params.get('group') || null,
    version: params.get('version') || null,
    ...(host === '' || host.startsWith('0.0.0.0') ? {} : { consumerHost: host }),
  };
  const isTrue = (name: string, fallback: boolean): boolean => {
    const value = params.get(name);
    return value === undefined || value === '' ? fallback : value.toLowerCase() === 'true';
  };
  const common = {
    ...PLAIN_SOURCE,
    path,
    text: rule,
    scope,
    enabled: isTrue('enabled', true),
    force: isTrue('force', false),
  };
  if (router === 'condition') {
    return { ...common, kind: 'condition', form: 'condition-url', language: 'condition', conditions: [rule] };
  }
  const language = (params.get('type') ?? 'javascript').toLowerCase();
  return { ...common, kind: 'dubbo-script', form: 'script-url', language };
}

function whyNot(protocol: string | undefined, router: string | undefined): string {
  if (protocol === 'file')
    return 'a file:// URL names a script that lies on the consumer: give that file to weir instead';
  if (protocol === 'route') return 'a route:// URL says by its parameter `router` what it is, condition or script';
  return `a URL of the kind ${router ?? 'unknown'}:// holds no routing rule`;
}

function decode(path: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal(path, 'its percent encoding is broken');
  }
}

function refusal(path: string, why: string): WeirError {
  return new WeirError('WEIR5002', {
    what: `${path} is no routing rule that weir reads`,
    why,
    hint: 'A registry URL looks like script://0.0.0.0/<interface>?category=routers&type=groovy&rule=<encoded script>.',
    location: { file: path, line: 1, column: 1 },
  });
}
