/** The parser of the output of iptables-save. */
import type { Chain, Hook, Rule, Ruleset } from '../ruleset.ts';
import { IPTABLES_TABLE } from './compile-iptables.ts';
import { hookOfBuiltIn, printIptablesJump } from './hook-jump.ts';
import { parseIptablesRule } from './parse-rule.ts';
import { splitIptablesLine } from './quote.ts';

/** Every chain of weir has a name that starts so; all others are somebody else's. */
const OWN_PREFIX = 'WEIR_';
/** Followed by the name of a built-in chain: an empty chain that says that weir made that one (iptables-nft). */
export const MADE_BUILT_IN_PREFIX = 'WEIR_MADE_';
const BUILT_IN = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];
/** iptables evaluates its built-in nat chains at this priority. */
const PRIORITY = -100;

/** The parts of one family's nat table that concern weir. */
export interface ParsedIptablesSave {
  readonly ruleset: Ruleset;
  /** By chain of ours, the built-in chains with our tagged jump to it, one entry a jump. */
  readonly jumps: ReadonlyMap<string, readonly string[]>;
  /** Rules outside our chains that lead into them and are not our jumps, as iptables-save prints them. */
  readonly strange: readonly string[];
  /** Built-in chains that were not there before weir, by marker chains of that name; these are not in `ruleset`. */
  readonly madeBuiltIns: readonly string[];
  /** The number of rules in each chain that is not ours; chains without rules are left out. */
  readonly ruleCounts: ReadonlyMap<string, number>;
}

/**
 * Reads the output of `iptables-save -c -t nat` or ip6tables-save (with or without counters). Chains are sorted by name;
 * a hook's position counts from 1 over all rules of the built-in chain.
 */
export function parseIptablesSave(text: string, scope: 'ip' | 'ip6'): ParsedIptablesSave {
  const reader = new SaveReader();
  for (const line of tableLines(text)) reader.read(line);
  const chains = reader.chains();
  const tables = chains.length > 0 ? [{ name: IPTABLES_TABLE, maps: [], chains }] : [];
  const { jumps, strange, madeBuiltIns, ruleCounts } = reader;
  return { ruleset: { scope, tables }, jumps, strange, madeBuiltIns, ruleCounts };
}

/** The lines between `*nat` and `COMMIT`. */
function tableLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const start = lines.indexOf(`*${IPTABLES_TABLE}`);
  if (start === -1) return [];
  const end = lines.indexOf('COMMIT', start);
  return lines.slice(start + 1, end === -1 ? undefined : end);
}

/** Collects what the lines of one table say. */
class SaveReader {
  readonly jumps = new Map<string, string[]>();
  readonly strange: string[] = [];
  readonly madeBuiltIns: string[] = [];
  readonly ruleCounts = new Map<string, number>();
  readonly #rules = new Map<string, Rule[]>();
  readonly #hooks = new Map<string, Hook>();

  read(line: string): void {
    const chain = /^:(\S+) /.exec(line)?.[1];
    if (chain !== undefined) this.#readChain(chain);
    const rule = /^(?:\[(\d+):\d+\] )?-A (\S+) ?(.*)$/.exec(line);
    if (rule !== null) this.#readRule(rule[2] ?? '', rule[3] ?? '', rule[1]);
  }

  chains(): Chain[] {
    return [...this.#rules]
      .map(([name, rules]) => ({ name, hook: this.#hooks.get(name) ?? null, rules }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #readChain(name: string): void {
    const made = name.startsWith(MADE_BUILT_IN_PREFIX) ? name.slice(MADE_BUILT_IN_PREFIX.length) : '';
    if (BUILT_IN.includes(made)) this.madeBuiltIns.push(made);
    else if (name.startsWith(OWN_PREFIX)) this.#rules.set(name, []);
  }

  #readRule(chain: string, text: string, packets: string | undefined): void {
    const own = this.#rules.get(chain);
    if (own !== undefined) {
      own.push(parseIptablesRule(text, packets === undefined ? undefined : Number(packets)));
      return;
    }
    const position = (this.ruleCounts.get(chain) ?? 0) + 1;
    this.ruleCounts.set(chain, position);
    const target = ownTarget(text);
    if (target === null) return;
    const at = hookOfBuiltIn(chain);
    if (at === null || text !== printIptablesJump(target)) {
      this.strange.push(`-A ${chain} ${text}`);
      return;
    }
    this.jumps.set(target, [...(this.jumps.get(target) ?? []), chain]);
    if (!this.#hooks.has(target)) this.#hooks.set(target, { at, type: 'nat', priority: PRIORITY, position });
  }
}

/** The chain of ours that a rule leads to. */
function ownTarget(text: string): string | null {
  // Most rules of others do not name us: they need not be split.
  if (!text.includes(OWN_PREFIX)) return null;
  const words = splitIptablesLine(text);
  const target = words[words.findIndex((word) => word === '-j' || word === '-g') + 1];
  return target?.startsWith(OWN_PREFIX) && words.some((word) => word === '-j' || word === '-g') ? target : null;
}
