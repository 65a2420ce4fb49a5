/** The short hash of a policy that rules carry in their tags. */
import { createRequire } from 'node:module';

/**
 * First 8 hex digits of SHA-256 over a value's canonical JSON (object keys sorted).
 * It tells whether an installed rule was made from the policy at hand; it is no protection against anybody.
 */
export function hashPolicy(value: unknown): string {
  return hashText(canonicalJson(value));
}

/**
 * The same for many objects that share most of their members: `own` names the members that differ. The shared ones are
 * put into canonical form once.
 */
export function hasherOf<Own extends string>(
  shared: object,
  own: readonly Own[],
): (values: Readonly<Record<Own, unknown>>) => string {
  const texts = canonicalMembers({ ...shared, ...Object.fromEntries(own.map((key) => [key, null])) });
  // The text up to each own member's value, in the order of the keys.
  const before: { readonly text: string; readonly key: Own }[] = [];
  let text = '{';
  for (const [at, [key, value]] of texts.entries()) {
    text += `${at === 0 ? '' : ','}${JSON.stringify(key)}:`;
    const mine = own.find((one) => one === key);
    if (mine === undefined) text += value;
    else {
      before.push({ text, key: mine });
      text = '';
    }
  }
  const end = `${text}}`;
  return (values) => hashText(before.map((part) => part.text + canonicalJson(values[part.key])).join('') + end);
}

/** Loaded for the first hash: `off` needs none, and Node takes as long to load its crypto as the switch takes. */
let crypto: typeof import('node:crypto') | null = null;

function hashText(text: string): string {
  crypto ??= createRequire(process.execPath)('node:crypto') as typeof import('node:crypto');
  return crypto.hash('sha256', text).slice(0, 8);
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    return `{${canonicalMembers(value)
      .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function canonicalMembers(value: object): (readonly [string, string])[] {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return entries.map(([key, item]) => [key, canonicalJson(item)]);
}
