/** Reads what `nft -j list table` prints of somebody else's table. */
import type { PortRange } from '../../mesh/mesh-config.ts';
import type { Condition, Effect, ForeignChain, ForeignRule, ForeignTable, ForeignVerdict } from './foreign-rules.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Expression = Readonly<Record<string, Json>>;

/** The tables in listings of nft, of the families that TCP connections meet. Throws SyntaxError when one is no JSON. */
export function readNftRules(listings: readonly string[]): ForeignTable[] {
  const items = listings.flatMap((listing) => (JSON.parse(listing) as { nftables: Expression[] }).nftables);
  const objects = items.flatMap((item) => Object.entries(item).map(([kind, body]) => ({ kind, body: asObject(body) })));
  const bodies = (kind: string): Expression[] => objects.filter((one) => one.kind === kind).map(({ body }) => body);
  return bodies('table').flatMap((table): ForeignTable[] => {
    const { family, name } = table;
    if ((family !== 'ip' && family !== 'ip6' && family !== 'inet') || typeof name !== 'string') return [];
    const own = (body: Expression): boolean => body.family === family && body.table === name;
    const sets = new Map(
      bodies('set')
        .filter(own)
        .map((set) => [`@${String(set.name)}`, set.elem ?? []]),
    );
    const rules = bodies('rule').filter(own);
    const chains = bodies('chain')
      .filter(own)
      .map((chain) => readChain(chain, rules, sets));
    return [{ family, name, by: 'nft', chains }];
  });
}

function readChain(chain: Expression, rules: readonly Expression[], sets: ReadonlyMap<string, Json>): ForeignChain {
  const name = String(chain.name);
  const { hook, type, prio } = chain;
  return {
    name,
    hook:
      typeof hook === 'string' ? { at: hook, type: String(type), priority: typeof prio === 'number' ? prio : 0 } : null,
    policy: chain.policy === 'drop' ? 'drop' : 'accept',
    rules: rules.filter((rule) => rule.chain === name).flatMap((rule) => readRule(rule, sets)),
  };
}

/** One rule; a verdict map is one rule for each of its elements. */
function readRule(rule: Expression, sets: ReadonlyMap<string, Json>): ForeignRule[] {
  const conditions: Condition[] = [];
  const effects: Effect[] = [];
  let verdict: ForeignVerdict = { to: 'continue' };
  let branches: { readonly condition: Condition; readonly verdict: ForeignVerdict }[] | null = null;
  for (const statement of asList(rule.expr).map(asObject)) {
    const [kind = '', body = null] = Object.entries(statement)[0] ?? [];
    if (kind === 'match') conditions.push(...readMatch(asObject(body), sets));
    else if (kind === 'xt') conditions.push({ on: 'unknown', text: 'an extension of iptables', negate: false });
    else if (kind === 'vmap') branches = readVerdictMap(asObject(body), sets);
    else if (kind === 'mangle') effects.push(...readMangle(asObject(body)));
    else if (kind === 'notrack') effects.push('untracked');
    else if (kind === 'dnat' || kind === 'redirect' || kind === 'tproxy') effects.push('forwards');
    verdict = readVerdict(kind, body) ?? verdict;
  }
  const text = `${String(rule.family)} ${String(rule.table)} ${String(rule.chain)}, handle ${String(rule.handle)}`;
  if (branches === null) return [{ conditions, effects, verdict, text }];
  return branches.map((branch) => ({
    conditions: [...conditions, branch.condition],
    effects,
    verdict: branch.verdict,
    text,
  }));
}

function readVerdict(kind: string, body: Json): ForeignVerdict | null {
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return { to: kind };
    case 'reject':
      // The connection fails all the same, only sooner.
      return { to: 'drop' };
    case 'queue':
      return { to: 'accept' };
    case 'jump':
    case 'goto':
      return { to: kind, chain: String(asObject(body).target) };
    default:
      return null;
  }
}

/** What a statement that writes a mark or a zone does. `meta mark set ct mark` copies a connection's mark to its packet. */
function readMangle({ key, value }: Expression): Effect[] {
  const [target = '', field = null] = Object.entries(asObject(key))[0] ?? [];
  const name = asObject(field).key;
  if (target === 'ct' && name === 'zone') return ['zone'];
  if (target === 'ct' && name === 'mark') return ['sets-connection-mark'];
  if (target !== 'meta' || name !== 'mark') return [];
  return JSON.stringify(value).includes('"ct"') ? ['restores-connection-mark'] : ['sets-packet-mark'];
}

/** A condition and its verdict for each element of a verdict map, as in `tcp dport vmap { 80 : accept, 443 : drop }`. */
function readVerdictMap(
  { key, data }: Expression,
  sets: ReadonlyMap<string, Json>,
): {
  readonly condition: Condition;
  readonly verdict: ForeignVerdict;
}[] {
  return asList(asObject(data).set).flatMap((pair) => {
    const [element = null, target = null] = asList(pair);
    const [kind = '', body = null] = Object.entries(asObject(target))[0] ?? [];
    const [condition] = readMatch({ op: '==', left: key ?? null, right: element }, sets);
    return condition === undefined ? [] : [{ condition, verdict: readVerdict(kind, body) ?? { to: 'continue' } }];
  });
}

function readMatch(match: Expression, sets: ReadonlyMap<string, Json>): Condition[] {
  const { left = null, right = null } = match;
  const negate = match.op === '!=';
  const unknown: Condition = { on: 'unknown', text: `${JSON.stringify(left)} ${JSON.stringify(right)}`, negate };
  const values = elementsOf(right, sets);
  const [kind = '', body = null] = Object.entries(asObject(left))[0] ?? [];
  const field = asObject(body);
  if (kind === 'payload') return payloadConditions(field, values, negate, unknown);
  if (kind === 'meta') return [metaCondition(String(field.key), values, negate) ?? unknown];
  if (kind === 'ct' && (field.key === 'state' || field.key === 'status'))
    return [{ on: 'state', states: values.map(String), negate }];
  // A mask on the flags of TCP is how one asks for the first packet.
  if (kind === '&' && JSON.stringify(body).includes('"flags"') && String(values[0]) === 'syn')
    return negate ? [unknown] : [];
  return [unknown];
}

/** What a field of a header is compared with. The header is a condition of its own: `ip daddr` holds for IPv4 only. */
function payloadConditions(
  field: Expression,
  values: readonly Json[],
  negate: boolean,
  unknown: Condition,
): Condition[] {
  const { protocol } = field;
  const family: Condition[] =
    protocol === 'ip' || protocol === 'ip6' ? [{ on: 'family', family: protocol === 'ip' ? 4 : 6 }] : [];
  if (protocol === 'udp' || protocol === 'icmp' || protocol === 'icmpv6' || protocol === 'sctp')
    return [{ on: 'protocol', protocols: [String(protocol)], negate: false }];
  if ((protocol === 'tcp' || protocol === 'th') && field.field === 'dport') {
    const ports = rangesOf(values);
    return ports === null ? [unknown] : [{ on: 'dport', ports, negate }];
  }
  if (family.length > 0 && field.field === 'daddr') {
    const cidrs = values.map(cidrOf);
    if (cidrs.every((cidr) => cidr !== null)) return [...family, { on: 'daddr', cidrs, negate }];
  }
  if (family.length > 0 && (field.field === 'protocol' || field.field === 'nexthdr'))
    return [...family, { on: 'protocol', protocols: values.map(String), negate }];
  return [...family, unknown];
}

function metaCondition(key: string, values: readonly Json[], negate: boolean): Condition | null {
  if (key === 'l4proto') return { on: 'protocol', protocols: values.map(String), negate };
  if (key === 'nfproto') return negate ? null : { on: 'family', family: values[0] === 'ipv6' ? 6 : 4 };
  if (/^[io]if(?:name)?$/.test(key)) return { on: 'interface', names: values.map(String), negate };
  if (key === 'skuid' || key === 'skgid') {
    const ids = rangesOf(values);
    return ids === null ? null : { on: key === 'skuid' ? 'uid' : 'gid', ids, negate };
  }
  return null;
}

/** The values that a match compares with: one, a list, a set in place or a named one. */
function elementsOf(right: Json, sets: ReadonlyMap<string, Json>): readonly Json[] {
  if (typeof right === 'string' && sets.has(right)) return asList(sets.get(right) ?? []).map(plainElement);
  const inPlace = asObject(right).set;
  if (inPlace !== undefined) return asList(inPlace).map(plainElement);
  return Array.isArray(right) ? right : [right];
}

/** An element that has a counter, a timeout or a comment stands as `{elem: {val: ...}}` in the JSON of nft. */
function plainElement(element: Json): Json {
  const wrapped = asObject(asObject(element).elem ?? null).val;
  return wrapped ?? element;
}

/** Numbers and ranges of numbers; null where one of the values is neither, such as the name of a service. */
function rangesOf(values: readonly Json[]): PortRange[] | null {
  const ranges = values.map((value): PortRange | null => {
    if (typeof value === 'number') return { from: value, to: value };
    const [from, to] = asList(asObject(value).range);
    return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
  });
  return ranges.every((range) => range !== null) ? ranges : null;
}

function cidrOf(value: Json): string | null {
  if (typeof value === 'string') return value.startsWith('@') ? null : `${value}/${value.includes(':') ? 128 : 32}`;
  const { addr, len } = asObject(asObject(value).prefix ?? null);
  return typeof addr === 'string' && typeof len === 'number' ? `${addr}/${len}` : null;
}

function asObject(json: Json | undefined): Expression {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Expression) : {};
}

function asList(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? json : [];
}
