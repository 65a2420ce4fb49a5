import { WeirError } from '../../errors/weir-error.ts';
import type { RuleSource } from './rule-source.ts';

/**
 * Reads a registry URL: `script://0.0.0.0/<interface>?type=groovy&rule=<encoded>` or `condition://...`; also one that is
 * encoded as a whole, as ZooKeeper holds it. @throws WeirError WEIR5002 where the rule is missing or the encoding broken.
 */
export function readRuleUrl(path: string, raw: string): RuleSource {
  const text = /^[a-z]+%3A%2F%2F/i.test(raw) ? decode(path, raw) : raw;
  const match = /^([a-z]+):\/\/([^/?]*)(?:\/([^?]*))?(?:\?([\s\S]*))?$/i.exec(text);
  const protocol = match?.[1]?.toLowerCase();
  if (!match || (protocol !== 'script' && protocol !== 'condition' && protocol !== 'file')) {
    throw refusal(path, `a URL of the kind ${protocol ?? 'unknown'}:// holds no routing rule`);
  }
  const params = new Map<string, string>();
  for (const pair of (match[4] ?? '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) params.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const encoded = params.get('rule');
  if (encoded === undefined || encoded === '') throw refusal(path, 'the parameter `rule` is missing');
  // Java's URL.encode writes a blank as +, a condition written by hand has %20.
  const rule = decode(path, protocol === 'condition' ? encoded : encoded.replaceAll('+', ' '));
  const service = match[3] ? decode(path, match[3]) : null;
  const scope = {
    providerApp: null,
    service,
    group: params.get('group') ?? null,
    version: params.get('version') ?? null,
  };
  const enabled = params.get('enabled') !== 'false';
  const force = params.get('force') === 'true';
  const common = { path, text: rule, scope, enabled, force, tags: [] };
  if (protocol === 'condition') {
    return { ...common, kind: 'condition', form: 'condition-url', language: 'condition', conditions: [rule] };
  }
  const language = (params.get('type') ?? 'javascript').toLowerCase();
  return { ...common, kind: 'dubbo-script', form: 'script-url', language, conditions: [] };
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
    what: `${path} is no routing rule that weir reads.`,
    why,
    hint: 'A registry URL looks like script://0.0.0.0/<interface>?category=routers&type=groovy&rule=<encoded script>.',
    location: { file: path, line: 1, column: 1 },
  });
}
