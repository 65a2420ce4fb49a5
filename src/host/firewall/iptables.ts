import { performance } from 'node:perf_hooks';
import { WeirError } from '../../errors/weir-error.ts';
import { IPTABLES_TABLE, MADE_TABLE_CHAIN } from '../../intercept/compile-iptables.ts';
import { type ParsedIptablesSave, parseIptablesSave } from '../../intercept/iptables/parse-save.ts';
import { printIptablesOperations } from '../../intercept/iptables/print-operations.ts';
import type { Lease } from '../../intercept/lease.ts';
import type { Operation, RulesetChange } from '../../intercept/operations.ts';
import type { Scope } from '../../intercept/ruleset.ts';
import type { Firewall } from '../../usecases/ports.ts';
import { runTool } from '../exec.ts';
import type { ToolRunner } from '../standby-tools.ts';
import { markMadeBuiltIns, removeMadeBuiltIns, removesMadeTable, removesMark } from './built-in-chains.ts';
import { findIptables, type IptablesKind, type IptablesTools } from './iptables-tools.ts';
import { hasIpv6, legacyTables, nftChainNames } from './kernel-tables.ts';
import { RECENT_LISTS, readRecentLists, renewRecentLists } from './recent-lists.ts';
import { listingFailed, rulesRefused } from './refusal.ts';

type Family = 'ip' | 'ip6';
type Argv = [string, ...string[]];

const TIMEOUT_MS = 30_000;
/** Seconds to wait for the xtables lock. Without -w some releases wait for ever and others fail at once. */
const LOCK = ['-w', '5'];
/** IPv6 first: where one family fails it is this one, and then nothing was changed yet. */
const FAMILIES: readonly Family[] = ['ip6', 'ip'];
const REMOVAL_OF_MARK = new RegExp(`^-[FX] ${MADE_TABLE_CHAIN}\n`, 'gm');

/**
 * The nat tables of iptables-nft or iptables-legacy: chains WEIR_* and one jump to each that has a hook. `run`
 * and `recent`, the folder of the xt_recent lists, are exchanged by tests that work in another namespace.
 */
export function createIptablesFirewall(kind: IptablesKind, run: ToolRunner = runTool, recent = RECENT_LISTS): Firewall {
  return new IptablesFirewall(kind, run, recent);
}

class IptablesFirewall implements Firewall {
  readonly backend;
  readonly #kind: IptablesKind;
  readonly #run: ToolRunner;
  readonly #recent: string;
  readonly #tools = new Map<Family, Promise<IptablesTools>>();

  constructor(kind: IptablesKind, run: ToolRunner, recent: string) {
    this.backend = `iptables-${kind}` as const;
    this.#kind = kind;
    this.#run = run;
    this.#recent = recent;
  }

  async read(): ReturnType<Firewall['read']> {
    const families: Family[] = (await hasIpv6(this.#run)) ? ['ip6', 'ip'] : ['ip'];
    const [saved, exists] = await Promise.all([
      Promise.all(families.map((family) => this.#save(family))),
      this.#existing(families),
    ]);
    return { rulesets: saved.map(({ ruleset }) => ruleset), tableExists: exists };
  }

  async commit(changes: readonly RulesetChange[]): ReturnType<Firewall['commit']> {
    const began = performance.now();
    // All texts before the first transaction: what a family is refused for by itself is found while nothing is done.
    const planned = await Promise.all(
      inFamilyOrder(changes).map(async (change) => ({
        change,
        text: await this.#text(familyOf(change), change.operations),
      })),
    );
    const done: RulesetChange[] = [];
    for (const { change, text } of planned) {
      try {
        await this.#restore(familyOf(change), text);
      } catch (error) {
        throw done.length === 0 ? error : await this.#takeBack(done, error);
      }
      done.push(change);
    }
    for (const change of done) await this.#removeMadeTable(change);
    return { ms: performance.now() - began };
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

  async test(changes: readonly RulesetChange[]): Promise<void> {
    for (const change of inFamilyOrder(changes)) {
      const family = familyOf(change);
      const { restore } = await this.#tool(family);
      const tables = this.#kind === 'legacy' ? await legacyTables(family, this.#run) : [IPTABLES_TABLE];
      // Even a test makes a legacy table: where there is none yet, the rules are tried in a namespace that goes at once.
      const elsewhere = tables?.includes(IPTABLES_TABLE) ? [] : ['unshare', '--net', '--'];
      const [file = restore, ...args] = [...elsewhere, restore, '--test', '--noflush', ...LOCK];
      await this.#feed([file, ...args], await this.#text(family, change.operations));
    }
  }

  /** What the family holds of ours. A legacy table that does not exist is not asked for, which would make it. */
  async #save(family: Family): Promise<ParsedIptablesSave> {
    if (this.#kind === 'legacy' && !(await this.#hasLegacyTable(family))) return parseIptablesSave('', family);
    const { save } = await this.#tool(family);
    const argv: Argv = [save, '-c', '-t', IPTABLES_TABLE];
    const result = await this.#run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    if (result.exitCode !== 0) throw listingFailed({ argv, result });
    return parseIptablesSave(result.stdout, family);
  }

  async #hasLegacyTable(family: Family): Promise<boolean> {
    return (await legacyTables(family, this.#run))?.includes(IPTABLES_TABLE) ?? false;
  }

  /**
   * Whether the table exists, by family. iptables-nft-save prints one that does not, so nft is asked; where nft is not
   * installed the table counts as somebody else's, and is never removed.
   */
  async #existing(families: readonly Family[]): Promise<Map<Scope, boolean>> {
    if (this.#kind === 'legacy') {
      const found = families.map(
        async (family): Promise<[Scope, boolean]> => [family, await this.#hasLegacyTable(family)],
      );
      return new Map(await Promise.all(found));
    }
    const chains = await nftChainNames(this.#run);
    const isThere = (scope: Family) =>
      chains?.some(({ family, table }) => family === scope && table === IPTABLES_TABLE) ?? true;
    return new Map(families.map((family) => [family, isThere(family)]));
  }

  async #restore(family: Family, text: string): Promise<void> {
    const { restore } = await this.#tool(family);
    await this.#feed([restore, '--noflush', ...LOCK], text);
  }

  /**
   * The text for the tool. Before a chain with a hook goes, its jumps are counted: a copy of one would hold it. Built-in
   * chains that iptables-nft makes for us are marked, and go with their last rule.
   */
  async #text(family: Family, operations: readonly Operation[]): Promise<string> {
    const text = await this.#markedText(family, operations);
    // The mark of the table goes last: a weir that is killed in between finds by it what is left to do.
    return this.#kind === 'nft' ? text.replace(REMOVAL_OF_MARK, '') : text;
  }

  async #markedText(family: Family, operations: readonly Operation[]): Promise<string> {
    const hooked = operations.flatMap((one) => ('hook' in one && one.hook !== null ? [one.op] : []));
    if (hooked.length === 0 && !removesMadeTable(operations)) return printIptablesOperations(operations);
    const chains = this.#kind === 'nft' ? await nftChainNames(this.#run) : null;
    const marks = chains === null ? [] : markMadeBuiltIns(operations, family, chains);
    if (!operations.some(({ op }) => op === 'delete-chain'))
      return withLines(printIptablesOperations(operations), marks);
    const saved = await this.#save(family);
    const gone = new Set(operations.flatMap((one) => (one.op === 'delete-chain' ? [one.chain] : [])));
    const holding = saved.strange.filter((rule) => rule.split(' ').some((word) => gone.has(word)));
    if (holding.length > 0) throw heldByForeignRules(family, holding);
    const unmade = chains === null ? [] : removeMadeBuiltIns(operations, family, saved, chains);
    return withLines(printIptablesOperations(operations, { jumps: saved.jumps }), [...marks, ...unmade]);
  }

  async #feed(argv: Argv, input: string): Promise<void> {
    const result = await this.#run(argv, { timeoutMs: TIMEOUT_MS, reject: false, input });
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  }

  /** Undoes the families that are done, and returns the error to throw. */
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
        why: `${reason}; then: ${error instanceof Error ? error.message : String(error)}`,
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

  /** Removes the table that iptables-nft made for us, or only its mark while somebody's chain is in it. */
  async #removeMadeTable(change: RulesetChange): Promise<void> {
    if (this.#kind === 'legacy' || !removesMadeTable(change.operations)) return;
    const scope = familyOf(change);
    const chains = await nftChainNames(this.#run);
    const isOthers = chains?.some(
      ({ family, table, chain }) => family === scope && table === IPTABLES_TABLE && chain !== MADE_TABLE_CHAIN,
    );
    if (isOthers ?? true) return this.#restore(scope, printIptablesOperations(change.operations.filter(removesMark)));
    const argv: Argv = ['nft', 'delete', 'table', scope, IPTABLES_TABLE];
    const result = await this.#run(argv, { timeoutMs: TIMEOUT_MS, reject: false });
    if (result.exitCode !== 0) throw rulesRefused({ argv, result });
  }

  #tool(family: Family): Promise<IptablesTools> {
    const known = this.#tools.get(family) ?? findIptables(this.#kind, family, this.#run);
    this.#tools.set(family, known);
    return known;
  }
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
