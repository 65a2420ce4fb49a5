/** The Firewall port by iptables, for iptables-nft and iptables-legacy. */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../../errors/message-of.ts';
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import type { Firewall, RememberedFlow } from '../../ports.ts';
import { IPTABLES_TABLE, MADE_TABLE_CHAIN } from '../../rules/iptables/compile-iptables.ts';
import { type ParsedIptablesSave, parseIptablesSave } from '../../rules/iptables/parse-save.ts';
import { printIptablesOperations } from '../../rules/iptables/print-operations.ts';
import type { Lease } from '../../rules/lease.ts';
import type { Operation, RulesetChange } from '../../rules/operations.ts';
import type { Ruleset, RulesetScope } from '../../rules/ruleset.ts';
import { markMadeBuiltIns, removeMadeBuiltIns, removesMadeTable, removesMark } from './built-in-chains.ts';
import { type IptablesKind, locateIptables } from './iptables-tools.ts';
import { hasIpv6, legacyTables, nftChainNames } from './kernel-tables.ts';
import { RECENT_LISTS, readRecentLists, renewRecentLists } from './recent-lists.ts';
import { listingFailed, rulesRefused } from './refusal.ts';
import type { ToolRunner } from './standby-tools.ts';
import { tellOfXtablesLock } from './xtables-lock.ts';

type Family = 'ip' | 'ip6';
type Argv = [string, ...string[]];

/** Longer than the wait for the xtables lock, so that the tool itself reports a held lock. */
const TIMEOUT_MS = 30_000;
/** Seconds to wait for the xtables lock. Without -w some releases wait for ever and others fail at once. */
const LOCK = ['-w', '25'];
/** IPv6 first: it is the family that fails more often, and nothing has changed yet then. */
const FAMILIES: readonly Family[] = ['ip6', 'ip'];
const REMOVAL_OF_MARK = new RegExp(`^-[FX] ${MADE_TABLE_CHAIN}\n`, 'gm');

/**
 * The nat tables of iptables-nft or iptables-legacy: chains WEIR_* and one jump to each chain that has a hook. Tests in
 * another namespace replace `run` and `recent`, the folder of the xt_recent lists. `onWait` gets a
 * sentence about the xtables lock while a tool waits for it.
 */
export function createIptablesFirewall(
  kind: IptablesKind,
  run: ToolRunner = runTool,
  recent = RECENT_LISTS,
  onWait: (text: string) => void = () => {},
): Firewall {
  return new IptablesFirewall(kind, run, recent, onWait);
}

class IptablesFirewall implements Firewall {
  readonly backend;
  readonly #kind: IptablesKind;
  readonly #run: ToolRunner;
  readonly #recent: string;
  /**
   * The last listing of each family, for the next transaction only. A refused transaction is computed again from a new
   * listing.
   */
  readonly #seen = new Map<Family, ParsedIptablesSave>();
  readonly #onWait: (text: string) => void;
  readonly #tools = new Map<Family, ReturnType<typeof locateIptables>>();

  constructor(kind: IptablesKind, run: ToolRunner, recent: string, onWait: (text: string) => void) {
    this.#onWait = onWait;
    this.backend = `iptables-${kind}` as const;
    this.#kind = kind;
    this.#run = run;
    this.#recent = recent;
  }

  async read(expected = 'ours'): ReturnType<Firewall['read']> {
    const families: Family[] = (await hasIpv6(this.#run)) ? ['ip6', 'ip'] : ['ip'];
    // Every rule of ours is in a chain of ours, or jumps to one.
    const chains = expected === 'nothing' && this.#kind === 'nft' ? await nftChainNames(this.#run) : null;
    const isEmpty = (scope: Family): boolean =>
      chains?.every(({ family, chain }) => family !== scope || !chain.startsWith('WEIR_')) ?? false;
    const saved = await Promise.all(
      families.map((family) => (isEmpty(family) ? parseIptablesSave('', family) : this.#save(family))),
    );
    for (const [index, family] of families.entries())
      if (!isEmpty(family)) this.#seen.set(family, saved[index] ?? parseIptablesSave('', family));
    const rulesets = saved.map(({ ruleset }) => ruleset);
    // A table exists when it holds something of ours; whatever else it holds does not matter.
    const empty = rulesets.flatMap(({ scope, tables }) => (tables.length > 0 || scope === 'inet' ? [] : [scope]));
    const exists = await this.#existing(empty, chains);
    return { rulesets, tableExists: new Map(rulesets.map(({ scope }) => [scope, exists.get(scope) ?? true])) };
  }

  async commit(changes: readonly RulesetChange[]): ReturnType<Firewall['commit']> {
    const began = performance.now();
    // All texts are printed before the first transaction: a family that must be refused is found while nothing has
    // changed.
    const chains = once(() => (this.#kind === 'nft' ? nftChainNames(this.#run) : Promise.resolve(null)));
    const planned = await Promise.all(
      inFamilyOrder(changes).map(async (change) => ({
        change,
        text: await this.#text(familyOf(change), change.operations, chains),
      })),
    );
    this.#seen.clear();
    const done: RulesetChange[] = [];
    for (const { change, text } of planned) {
      try {
        await this.#restore(familyOf(change), text);
      } catch (error) {
        throw done.length === 0 ? error : await this.#takeBack(done, error);
      }
      done.push(change);
    }
    await this.#removeMadeTables(done);
    return { ms: performance.now() - began };
  }

  async recount(): Promise<readonly Ruleset[]> {
    return (await this.read()).rulesets;
  }

  render(changes: readonly RulesetChange[]): string {
    return inFamilyOrder(changes)
      .map((change) => {
        const command = `${familyOf(change)}tables-${this.#kind}-restore --noflush ${LOCK.join(' ')}`;
        return `# ${command}\n${printIptablesOperations(change.operations)}`;
      })
      .join('\n');
  }

  renewLeases(leases: readonly Lease[]): Promise<readonly string[]> {
    return renewRecentLists(this.#recent, leases);
  }

  async standBy(): Promise<void> {
    for (const family of FAMILIES) {
      const { restore } = await this.#tool(family);
      this.#run.standBy?.([restore, '--noflush', ...LOCK]);
    }
  }

  remainingLeases(leases: readonly Lease[]): Promise<ReadonlyMap<string, number>> {
    return readRecentLists(this.#recent, leases);
  }

  async flows(): Promise<readonly RememberedFlow[]> {
    return [];
  }

  async forgetFlows(): Promise<void> {}

  async test(changes: readonly RulesetChange[]): Promise<void> {
    for (const change of inFamilyOrder(changes)) {
      const family = familyOf(change);
      const { restore } = await this.#tool(family);
      const tables = this.#kind === 'legacy' ? await legacyTables(family, this.#run) : [IPTABLES_TABLE];
      // Even `--test` makes a legacy table. Where none exists yet, the rules are tried in a namespace that ends at
      // once.
      const elsewhere = tables?.includes(IPTABLES_TABLE) ? [] : ['unshare', '--net', '--'];
      const [file = restore, ...args] = [...elsewhere, restore, '--test', '--noflush', ...LOCK];
      await this.#feed([file, ...args], await this.#text(family, change.operations));
    }
  }

  /**
   * The rules of ours in the family. A legacy table that does not exist is not listed, because a listing would make it.
   */
  async #save(family: Family): Promise<ParsedIptablesSave> {
    if (this.#kind === 'legacy' && !(await this.#hasLegacyTable(family))) return parseIptablesSave('', family);
    const save = await this.#saveTool(family);
    if (save === null) return parseIptablesSave('', family);
    const argv: Argv = [save, '-c', '-t', IPTABLES_TABLE];
    const result = await this.#run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    if (result.exitCode !== 0) throw listingFailed({ argv, result });
    return parseIptablesSave(result.stdout, family);
  }

  /** Null where iptables-nft is not installed, and nft shows that no chain of ours is there to be read. */
  async #saveTool(family: Family): Promise<string | null> {
    try {
      return (await this.#tool(family)).save;
    } catch (error) {
      const isMissing = error instanceof WeirError && error.code === 'WEIR2001';
      if (!isMissing || this.#kind === 'legacy') throw error;
      const chains = await nftChainNames(this.#run);
      if (chains === null || chains.some((one) => one.family === family && one.chain.startsWith('WEIR_'))) throw error;
      return null;
    }
  }

  async #hasLegacyTable(family: Family): Promise<boolean> {
    return (await legacyTables(family, this.#run))?.includes(IPTABLES_TABLE) ?? false;
  }

  /**
   * Whether the table exists, by family. iptables-nft-save also prints a table that does not exist, so nft is asked.
   * Without nft the table counts as another program's and is never removed.
   */
  async #existing(
    families: readonly Family[],
    known: Awaited<ReturnType<typeof nftChainNames>>,
  ): Promise<Map<RulesetScope, boolean>> {
    if (families.length === 0) return new Map();
    if (this.#kind === 'legacy') {
      const found = families.map(
        async (family): Promise<[RulesetScope, boolean]> => [family, await this.#hasLegacyTable(family)],
      );
      return new Map(await Promise.all(found));
    }
    const chains = known ?? (await nftChainNames(this.#run));
    const isThere = (scope: Family) =>
      chains?.some(({ family, table }) => family === scope && table === IPTABLES_TABLE) ?? true;
    return new Map(families.map((family) => [family, isThere(family)]));
  }

  async #restore(family: Family, text: string): Promise<void> {
    const { restore } = await this.#tool(family);
    await this.#feed([restore, '--noflush', ...LOCK], text);
  }

  /**
   * The text for the tool. Jumps are counted before a chain with a hook is removed, because the copy of a jump would
   * hold the chain. Built-in chains that iptables-nft makes for us are marked, and removed with their last rule.
   */
  async #text(
    family: Family,
    operations: readonly Operation[],
    chainNames: () => ReturnType<typeof nftChainNames> = () =>
      this.#kind === 'nft' ? nftChainNames(this.#run) : Promise.resolve(null),
  ): Promise<string> {
    const text = await this.#markedText(family, operations, chainNames);
    // The mark of the table is removed last: after a kill in between, it shows the next weir what is left to do.
    return this.#kind === 'nft' ? text.replace(REMOVAL_OF_MARK, '') : text;
  }

  async #markedText(
    family: Family,
    operations: readonly Operation[],
    chainNames: () => ReturnType<typeof nftChainNames>,
  ): Promise<string> {
    const hooked = operations.flatMap((one) => ('hook' in one && one.hook !== null ? [one.op] : []));
    if (hooked.length === 0 && !removesMadeTable(operations)) return printIptablesOperations(operations);
    const chains = await chainNames();
    const marks = chains === null ? [] : markMadeBuiltIns(operations, family, chains);
    if (!operations.some(({ op }) => op === 'delete-chain'))
      return withLines(printIptablesOperations(operations), marks);
    const saved = this.#seen.get(family) ?? (await this.#save(family));
    const gone = new Set(operations.flatMap((one) => (one.op === 'delete-chain' ? [one.chain] : [])));
    const holding = saved.strange.filter((rule) => rule.split(' ').some((word) => gone.has(word)));
    if (holding.length > 0) throw heldByForeignRules(family, holding);
    const unmade = chains === null ? [] : removeMadeBuiltIns(operations, family, saved, chains);
    return withLines(printIptablesOperations(operations, { jumps: saved.jumps }), [...marks, ...unmade]);
  }

  async #feed(argv: Argv, input: string): Promise<void> {
    const told = this.#kind === 'legacy' ? tellOfXtablesLock(this.#onWait) : () => {};
    const options = { timeoutMs: TIMEOUT_MS, reject: false, holdsLocks: true };
    const result = await this.#run(argv, { ...options, input }).finally(told);
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  }

  /** Undoes the families that were committed, and returns the error to throw. */
  async #takeBack(done: readonly RulesetChange[], cause: unknown): Promise<WeirError> {
    const reason = cause instanceof WeirError ? `${cause.what}: ${cause.why}` : String(cause);
    try {
      for (const change of done.toReversed()) {
        const family = familyOf(change);
        await this.#restore(family, await this.#text(family, change.undo));
      }
    } catch (error) {
      return new WeirError('WEIR3022', {
        what: 'the rules of IPv6 are in force, those of IPv4 are not',
        why: `${reason}; then: ${messageOf(error)}`,
        hint: `see both by \`ip6tables-${this.#kind}-save -t nat\` and \`iptables-${this.#kind}-save -t nat\`; \`weir uninstall\` removes all rules of weir`,
        cause,
      });
    }
    return new WeirError('WEIR3021', {
      what: 'the rules of IPv4 were refused; those of IPv6 have been taken back',
      why: reason,
      hint: cause instanceof WeirError ? cause.hint : 'see `weir check backend`, then try again',
      cause,
    });
  }

  /** Removes the tables that iptables-nft made for us; only the mark where another program has a chain in the table. */
  async #removeMadeTables(changes: readonly RulesetChange[]): Promise<void> {
    const made = changes.filter(({ operations }) => this.#kind === 'nft' && removesMadeTable(operations));
    if (made.length === 0) return;
    const chains = await nftChainNames(this.#run);
    const isOthers = (scope: Family): boolean =>
      chains?.some(
        ({ family, table, chain }) => family === scope && table === IPTABLES_TABLE && chain !== MADE_TABLE_CHAIN,
      ) ?? true;
    const [others, own] = [true, false].map((one) => made.filter((change) => isOthers(familyOf(change)) === one));
    for (const change of others ?? [])
      await this.#restore(familyOf(change), printIptablesOperations(change.operations.filter(removesMark)));
    const tables = (own ?? []).map((change) => `delete table ${familyOf(change)} ${IPTABLES_TABLE}`);
    if (tables.length === 0) return;
    const argv: Argv = ['nft', tables.join('; ')];
    const result = await this.#run(argv, { timeoutMs: TIMEOUT_MS, reject: false, holdsLocks: true });
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  }

  #tool(family: Family): ReturnType<typeof locateIptables> {
    const known = this.#tools.get(family) ?? locateIptables(this.#kind, family, this.#run);
    this.#tools.set(family, known);
    return known;
  }
}

/** Asks once, however often the answer is needed. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}

/** More lines at the end of a restore text's only table. */
function withLines(text: string, lines: readonly string[]): string {
  return text.replace(/COMMIT\n$/, `${[...lines, 'COMMIT'].join('\n')}\n`);
}

function inFamilyOrder(changes: readonly RulesetChange[]): RulesetChange[] {
  const withWork = changes.filter(({ operations }) => operations.length > 0);
  return withWork.sort((a, b) => FAMILIES.indexOf(familyOf(a)) - FAMILIES.indexOf(familyOf(b)));
}

function familyOf({ scope }: RulesetChange): Family {
  if (scope === 'inet') throw new RangeError('iptables has no rules for both families together');
  return scope;
}

function heldByForeignRules(family: Family, rules: readonly string[]): WeirError {
  const commands = rules.map((rule) => `${family}tables -t nat ${rule.replace(/^-A/, '-D')}`);
  return new WeirError('WEIR3020', {
    what: 'foreign rules lead into chains of weir, which can therefore not be removed',
    why: rules.join('; '),
    hint: `remove them, then try again: ${commands.join('; ')}`,
    details: { rules },
  });
}
