/** Brings the kernel's rules to a policy, by transactions with a new attempt after interference. */
import type { Backend } from './backend.ts';
import type { Firewall, InstalledRules } from './ports.ts';
import { rulesetChange } from './rules/diff.ts';
import { compileIptables, IPTABLES_TABLE, MADE_TABLE_CHAIN } from './rules/iptables/compile-iptables.ts';
import { compileNft, NFT_KEEP_TABLE } from './rules/nft/compile-nft.ts';
import { TPROXY_TABLE } from './rules/nft/compile-tproxy.ts';
import type { RulesetChange } from './rules/operations.ts';
import type { InterceptPolicy } from './rules/policy.ts';
import type { Ruleset } from './rules/ruleset.ts';

/** How often a transaction is computed again when the kernel's rules changed between our read and our commit. */
const ATTEMPTS = 3;

/** The result of applying rules. */
export interface AppliedRules {
  /** Milliseconds that the tools ran for the commit; 0 when nothing had to change. */
  readonly ms: number;
  readonly changed: boolean;
  /** The rules as they were before, for a roll-back. */
  readonly before: readonly Ruleset[];
}

/** The rulesets of a policy on a back end; one for nft, one a family for iptables. */
export function wantedRulesets(backend: Backend, policy: InterceptPolicy, installed: InstalledRules): Ruleset[] {
  if (backend === 'nft') return [compileNft(withFoundKeepers(policy, installed))];
  return installed.rulesets.map((ruleset) => {
    const family = ruleset.scope === 'ip6' ? 6 : 4;
    return compileIptables(policy, { family, madeTable: madeTable(backend, ruleset, installed) });
  });
}

/**
 * A keeper is kept where there is something to keep: one of connection tracking beside its rules would turn tracking on
 * for applications that do without it.
 */
function withFoundKeepers(policy: InterceptPolicy, { rulesets }: InstalledRules): InterceptPolicy {
  const tables = rulesets.flatMap((ruleset) => ruleset.tables.map(({ name }) => name));
  const isRedirecting = policy.apps.some(({ mode }) => mode === 'redirect');
  return {
    ...policy,
    keeper: policy.keeper && (isRedirecting || tables.includes(NFT_KEEP_TABLE)),
    flowKeeper: policy.keeper && tables.includes(TPROXY_TABLE),
  };
}

/** Legacy tables cannot be unloaded, so there the table is never ours to remove. */
function madeTable(backend: Backend, ruleset: Ruleset, installed: InstalledRules): boolean {
  if (backend === 'iptables-legacy') return false;
  const chains = ruleset.tables.find((table) => table.name === IPTABLES_TABLE)?.chains ?? [];
  return chains.some((chain) => chain.name === MADE_TABLE_CHAIN) || installed.tableExists.get(ruleset.scope) === false;
}

/** The transactions that turn the installed rules into the wanted ones; a family without a difference is left out. */
export function changesTowards(
  installed: readonly Ruleset[],
  wanted: readonly Ruleset[],
  clearSwitches: readonly string[],
): RulesetChange[] {
  return wanted.flatMap((ruleset) => {
    const current = installed.find((one) => one.scope === ruleset.scope) ?? { scope: ruleset.scope, tables: [] };
    const change = rulesetChange(current, ruleset, { clearSwitches });
    return change.operations.length > 0 ? [change] : [];
  });
}

/**
 * Makes the kernel hold a policy, by one transaction a family. Switches are cleared only for the named applications, so
 * a panic file that ran in between keeps its effect.
 * @throws WeirError when the transaction is refused three times running; nothing of it is in force then
 */
export async function applyPolicy(
  firewall: Firewall,
  policy: InterceptPolicy,
  clearSwitches: readonly string[],
): Promise<AppliedRules> {
  const first = await firewall.read();
  return applyRulesets(firewall, wantedRulesets(firewall.backend, policy, first), clearSwitches, first.rulesets);
}

/** The same for rulesets at hand: a roll-back to what was read before, or the removal of everything. */
export async function applyRulesets(
  firewall: Firewall,
  wanted: readonly Ruleset[],
  clearSwitches: readonly string[],
  installed?: readonly Ruleset[],
): Promise<AppliedRules> {
  let before = installed ?? (await firewall.read()).rulesets;
  for (let attempt = 1; ; attempt += 1) {
    const changes = changesTowards(before, wanted, clearSwitches);
    if (changes.length === 0) return { ms: 0, changed: false, before };
    try {
      const { ms } = await firewall.commit(changes);
      return { ms, changed: true, before };
    } catch (error) {
      // An element may have lapsed, or off.sh or a foreign tool may have changed the rules: read them again.
      if (attempt === ATTEMPTS) throw error;
      before = (await firewall.read()).rulesets;
    }
  }
}
