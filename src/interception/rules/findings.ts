/** Drift: the differences between wanted rules and installed rules, in words. */
import { canonicalRule } from './canonical-rule.ts';
import { rulesBelowSwitches } from './iptables/head-switches.ts';
import { printIptablesRule } from './iptables/print-rule.ts';
import { differingParts, formatElementKey, isSameElement, isSameMapType } from './map-element.ts';
import { printNftElement, printNftMapType } from './nft/print-map.ts';
import { printNftRule } from './nft/print-rule.ts';
import { BYPASS_SET, LEASE_SET, OFF_SET } from './nft/table-maps.ts';
import { alignRules } from './rule-alignment.ts';
import type { Chain, Hook, MapElement, Rule, RuleMap, Ruleset, RulesetScope, Table } from './ruleset.ts';

/** One difference between the rules in the kernel and the wanted ones. */
export interface Finding {
  /** What is wrong, in a few words: `a rule is missing`. */
  readonly what: string;
  /** `inet/weir/chain output/rule 3`; rules count from 1, in the chain as it should be. */
  readonly where: string;
  /** Text of the back end; `nothing` when nothing should be there. */
  readonly expected: string;
  readonly found: string;
  /** The application that it concerns, null when it concerns all. */
  readonly app: string | null;
}

/** The text of `expected` or `found` for a missing side. */
export const NOTHING = 'nothing';
/** Sets that operators and supervisors write: their elements are decisions, not drift. */
const SWITCH_SETS: readonly string[] = [OFF_SET, BYPASS_SET, LEASE_SET];

/**
 * Compares the rules that should be installed with those that were read, part by part and in order. Switches that send
 * applications direct are no findings. Empty when nothing differs.
 */
export function compareRulesets(wanted: Ruleset, found: Ruleset): Finding[] {
  const { scope } = wanted;
  return pairs(wanted.tables, found.tables).flatMap(({ name, want, have }) => {
    const where = `${scope}/${name}`;
    if (want === undefined) {
      const isOurs = have !== undefined && have.chains.length + have.maps.length > 0;
      return isOurs ? [finding('a table is there that should not be', where, NOTHING, `table ${name}`)] : [];
    }
    if (have === undefined) return [finding('a table is missing', where, `table ${name}`, NOTHING)];
    return [...compareMaps(want, have, where), ...compareChains(want, have, where, scope)];
  });
}

/** Things of both sides by name: first those that are wanted, then those that are only found. */
function pairs<T extends { readonly name: string }>(wanted: readonly T[], found: readonly T[]) {
  const [want, have] = [wanted, found].map((list) => new Map(list.map((one) => [one.name, one])));
  const names = new Set([...wanted, ...found].map(({ name }) => name));
  return [...names].map((name) => ({ name, want: want?.get(name), have: have?.get(name) }));
}

function finding(what: string, where: string, expected: string, found: string, app: string | null = null): Finding {
  return { what, where, expected, found, app };
}

function compareMaps(wanted: Table, found: Table, place: string): Finding[] {
  return pairs(wanted.maps, found.maps).flatMap(({ name, want, have }) => {
    const where = `${place}/map ${name}`;
    if (want === undefined || have === undefined) {
      const [expected, there] = [want, have].map((map) => (map === undefined ? NOTHING : printNftMapType(map)));
      const what = have === undefined ? 'a map is missing' : 'a map is there that should not be';
      return [finding(what, where, expected ?? NOTHING, there ?? NOTHING)];
    }
    if (!isSameMapType(want, have)) {
      return [finding('a map is of another type', where, printNftMapType(want), printNftMapType(have))];
    }
    return SWITCH_SETS.includes(name) ? [] : compareElements(want, have, where);
  });
}

function compareElements(wanted: RuleMap, found: RuleMap, place: string): Finding[] {
  const [want, have] = differingParts(wanted.elements, found.elements).map(
    (elements) => new Map(elements.map((element) => [formatElementKey(element.key), element])),
  ) as [Map<string, MapElement>, Map<string, MapElement>];
  return [...new Set([...want.keys(), ...have.keys()])].flatMap((key) => {
    const [expected, there] = [want.get(key), have.get(key)];
    if (expected !== undefined && there !== undefined && isSameElement(expected, there)) return [];
    const what =
      there === undefined
        ? 'an element is missing'
        : expected === undefined
          ? 'an element is there that should not be'
          : 'an element is another one';
    const app = expected?.tag?.app ?? there?.tag?.app ?? null;
    return [finding(what, `${place}/element ${key}`, elementText(expected), elementText(there), app)];
  });
}

/** Without the time that is left, which is no part of what was installed. */
function elementText(element: MapElement | undefined): string {
  if (element === undefined) return NOTHING;
  const { key, value, timeoutMs, tag } = element;
  return printNftElement({ key, value, timeoutMs, tag });
}

function compareChains(wanted: Table, found: Table, place: string, scope: RulesetScope): Finding[] {
  return pairs(wanted.chains, found.chains).flatMap(({ name, want, have }) => {
    const where = `${place}/chain ${name}`;
    const app = appOfChain(want ?? have);
    if (have === undefined) return [finding('a chain is missing', where, `chain ${name}`, NOTHING, app)];
    if (want === undefined) {
      return [finding('a chain is there that should not be', where, NOTHING, `chain ${name}`, app)];
    }
    return [...compareHooks(want, have, where), ...compareRules(want, have, where, scope)];
  });
}

/** The application whose rules a chain holds, null when it holds those of several or of all. */
function appOfChain(chain: Chain | undefined): string | null {
  const apps = new Set(chain?.rules.map((rule) => (rule.kind === 'known' ? (rule.tag?.app ?? null) : null)));
  return apps.size === 1 ? ([...apps][0] ?? null) : null;
}

function compareHooks(wanted: Chain, found: Chain, place: string): Finding[] {
  const [want, have] = [hookText(wanted.hook, wanted.hook), hookText(found.hook, wanted.hook)];
  return want === have
    ? []
    : [finding('packets do not enter the chain where they should', `${place}/hook`, want, have)];
}

/** A place in the built-in chain counts only where one is wanted. */
function hookText(hook: Hook | null, wanted: Hook | null): string {
  if (hook === null) return NOTHING;
  const { at, type, priority, position } = hook;
  const place = typeof wanted?.position === 'number' ? `, rule ${position}` : '';
  return `${type} ${at}, priority ${priority}${place}`;
}

function compareRules(wanted: Chain, found: Chain, place: string, scope: RulesetScope): Finding[] {
  const [want, have] = [rulesBelowSwitches(wanted), rulesBelowSwitches(found)];
  const identify = (rules: readonly Rule[]) => rules.map((rule) => canonicalRule(rule, scope));
  return alignRules(identify(want), identify(have)).map(({ what, index, expected, found: at }) => {
    const [missing, there] = [want[expected ?? -1], have[at ?? -1]];
    const app = tagApp(missing) ?? tagApp(there);
    return finding(what, `${place}/rule ${index + 1}`, ruleText(missing, scope), ruleText(there, scope), app);
  });
}

function tagApp(rule: Rule | undefined): string | null {
  return rule?.kind === 'known' ? (rule.tag?.app ?? null) : null;
}

function ruleText(rule: Rule | undefined, scope: RulesetScope): string {
  if (rule === undefined) return NOTHING;
  return scope === 'inet' ? printNftRule(rule) : printIptablesRule(rule);
}
