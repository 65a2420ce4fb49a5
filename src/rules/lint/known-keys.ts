/** The keys that Dubbo reads at each place of a mesh rule (MeshRuleRouter and its rule classes, 3.0 to 3.3). */

const STRING_MATCH = ['exact', 'prefix', 'regex', 'wildcard', 'empty', 'noempty'];

/** By place: the keys that are read there; all others fall away without a word. */
export const KNOWN_KEYS = {
  document: ['apiVersion', 'kind', 'metadata', 'spec'],
  VirtualService: ['hosts', 'dubbo'],
  DestinationRule: ['host', 'subsets', 'trafficPolicy'],
  subset: ['name', 'labels'],
  'entry of dubbo': ['name', 'services', 'routedetail'],
  'entry of services': STRING_MATCH,
  'entry of routedetail': ['name', 'match', 'route'],
  'entry of match': ['name', 'method', 'sourceLabels', 'attachments'],
  method: ['name_match', 'argc', 'args', 'argp'],
  name_match: STRING_MATCH,
  'entry of argp': STRING_MATCH,
  'entry of args': ['index', 'type', 'str_value', 'num_value', 'bool_value'],
  str_value: ['oneof'],
  num_value: ['oneof'],
  bool_value: ['exact'],
  'entry of oneof': STRING_MATCH,
  'number in oneof': ['exact', 'range', 'mod'],
  range: ['start', 'end'],
  attachments: ['dubboContext', 'tracingContext'],
  dubboContext: STRING_MATCH,
  'entry of route': ['destination', 'weight'],
  destination: ['host', 'port', 'subset', 'fallback'],
  fallback: ['destination'],
} as const satisfies Record<string, readonly string[]>;

/** A place of a mesh rule, as messages call it. */
export type MeshPlace = keyof typeof KNOWN_KEYS;

/** The message about a key that Dubbo does not read; null for a key that it reads. */
export function ignoredKey(place: MeshPlace, key: string): string | null {
  const known: readonly string[] = KNOWN_KEYS[place];
  if (known.includes(key)) return null;
  const elsewhere = Object.entries(KNOWN_KEYS).filter(([, keys]) => (keys as readonly string[]).includes(key));
  const near = known.find((candidate) => isNear(candidate, key));
  const help =
    near !== undefined
      ? `did you mean ${near}?`
      : elsewhere.length > 0 && elsewhere.length < 4
        ? `it belongs into ${elsewhere.map(([name]) => name).join(' or ')}`
        : `${place} has ${known.join(', ')}`;
  return `${key} is ignored, as if it were not there: ${help}`;
}

// One letter more, less or other, or two that changed places; signs and case do not count.
function isNear(wanted: string, got: string): boolean {
  const [a, b] = [wanted, got].map((text) => text.toLowerCase().replace(/[^a-z]/g, ''));
  if (a === undefined || b === undefined || a === '' || b === '') return false;
  if (a === b || a === `${b}s` || b === `${a}s`) return true;
  if (Math.abs(a.length - b.length) > 1 || a.length < 4) return false;
  const at = [...a].findIndex((char, index) => char !== b[index]);
  if (at < 0) return true;
  const rests = [
    [a.slice(at + 1), b.slice(at + 1)],
    [a.slice(at), b.slice(at + 1)],
    [a.slice(at + 1), b.slice(at)],
    [(a[at + 1] ?? '') + (a[at] ?? '') + a.slice(at + 2), b.slice(at)],
  ];
  return rests.some(([left, right]) => left === right);
}
