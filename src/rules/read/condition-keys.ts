/** Keys of condition rules. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { TextRange } from '../groovy/syntax/source.ts';
import type { Term } from '../plan/plan-term.ts';
import type { RouterWorld } from './router-world.ts';

/**
 * Where a key of a condition rule gets its value. `nullable`: the value may be missing. `text`: the same for every call;
 * `missing`: never there; `argument`: an argument as text; `failing`: the test of the pair fails whatever its operator.
 */
export type KeyValue =
  | { readonly from: 'term'; readonly term: Term; readonly nullable: boolean }
  | { readonly from: 'text'; readonly text: string }
  | { readonly from: 'missing' }
  | { readonly from: 'argument'; readonly index: number }
  | { readonly from: 'failing' };

/** Text that ConditionStateRouter compares when it cannot read an argument or attachment (AbstractConditionMatcher). */
export const NOT_FOUND_TEXT = 'dubbo_internal_not_found_argument_condition_value';

/** Parameters that the SDK puts into every URL, with values that only the URL itself tells. */
const OF_EVERY_URL = new Set(['dubbo', 'release', 'pid', 'timestamp', 'methods', 'revision']);

const MISSING: KeyValue = { from: 'missing' };

/** A key of the left side: the call and the consumer's URL, whose port is 0 and whose path is the interface. */
export function callKey(world: RouterWorld, key: string, at: TextRange): KeyValue {
  if (key.startsWith('attachments')) {
    if (!world.does('attachments-read')) return MISSING;
    return attachmentKey(key);
  }
  if (key.startsWith('arguments')) return argumentKey(world, key);
  const given = world.call?.consumer.params?.[key];
  switch (key) {
    case 'method':
    case 'methods':
      return { from: 'term', term: { t: 'method' }, nullable: false };
    case 'host':
    case 'address':
      return { from: 'term', term: { t: 'callerHost' }, nullable: false };
    case 'port':
      return MISSING;
    case 'protocol':
      return { from: 'text', text: 'consumer' };
    case 'path':
      return { from: 'term', term: { t: 'service' }, nullable: false };
    case 'interface':
      return given === undefined
        ? { from: 'term', term: { t: 'service' }, nullable: false }
        : { from: 'text', text: given };
    case 'side':
      return { from: 'text', text: given ?? 'consumer' };
    case 'application':
      // No Dubbo starts without an application name; one call of a case may lack it all the same.
      return { from: 'term', term: { t: 'callerApp' }, nullable: world.call !== null };
    default:
      if (world.call !== null && given === undefined && OF_EVERY_URL.has(key))
        throw new OpaqueSignal(
          'unsupported',
          `every consumer's URL has \`${key}\`, and the call does not say which`,
          at,
        );
      return { from: 'term', term: { t: 'callerParam', key }, nullable: true };
  }
}

function attachmentKey(key: string): KeyValue {
  // The key is cut at its first dot before the brackets are looked for.
  const name = /attachments\[(.+)\]/.exec(key.split('.')[0] ?? '')?.[1];
  if (name === undefined) return { from: 'text', text: NOT_FOUND_TEXT };
  return { from: 'term', term: { t: 'attachment', key: name }, nullable: true };
}

function argumentKey(world: RouterWorld, key: string): KeyValue {
  const digits = /arguments\[([0-9]+)\]/.exec(key.split('.')[0] ?? '')?.[1];
  if (digits !== undefined && Number(digits) <= 2_147_483_647) return { from: 'argument', index: Number(digits) };
  return world.does('missing-argument-is-text') ? { from: 'text', text: NOT_FOUND_TEXT } : { from: 'failing' };
}

// Java's text of these is the one that the terms compute.
const PLAIN_TEXT = new Set([
  'null',
  'java.lang.String',
  'java.lang.Character',
  'java.lang.Boolean',
  'java.lang.Byte',
  'java.lang.Short',
  'java.lang.Integer',
  'java.lang.Long',
  'java.lang.Double',
  'java.math.BigInteger',
]);

/** Checks that Java's text of an argument of a known call is known. @throws OpaqueSignal where it is not. */
export function requireArgumentText(world: RouterWorld, index: number, at: TextRange): void {
  const value = world.call?.args[index];
  if (value !== undefined && !PLAIN_TEXT.has(value.t))
    throw new OpaqueSignal('unsupported', `the text of argument ${index} (${value.t})`, at);
}

/** A key of the right side: the provider's URL. */
export function providerKey(world: RouterWorld, key: string, at: TextRange): KeyValue {
  const { providers } = world;
  if (key.startsWith('attachments')) {
    return world.does('attachments-read') ? { from: 'text', text: NOT_FOUND_TEXT } : MISSING;
  }
  if (key.startsWith('arguments'))
    return world.does('missing-argument-is-text') ? { from: 'text', text: NOT_FOUND_TEXT } : { from: 'failing' };
  const having = providers.filter((provider) => Object.hasOwn(provider.params, key)).length;
  const everywhere = having > 0 && having === providers.length;
  switch (key) {
    case 'host':
    case 'address':
      return { from: 'term', term: { t: key }, nullable: false };
    case 'port':
      return { from: 'term', term: { t: 'fn', fn: 'toText', args: [{ t: 'port' }] }, nullable: false };
    case 'protocol':
      return { from: 'text', text: 'dubbo' };
    case 'path':
      return { from: 'term', term: { t: 'service' }, nullable: false };
    case 'interface':
    case 'side':
      if (everywhere) break;
      if (having > 0) throw new OpaqueSignal('unsupported', `only some providers of the snapshot have \`${key}\``, at);
      return key === 'side'
        ? { from: 'text', text: 'provider' }
        : { from: 'term', term: { t: 'service' }, nullable: false };
    default:
      if (providers.length > 0 && having === 0 && OF_EVERY_URL.has(key))
        throw new OpaqueSignal('unsupported', `every provider's URL has \`${key}\`, and the snapshot does not`, at);
  }
  return { from: 'term', term: { t: 'param', key }, nullable: true };
}
