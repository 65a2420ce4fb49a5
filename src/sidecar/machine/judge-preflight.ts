/** The judgement on the facts of an upgrade's preflight. */
import type { BootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { coversAddress } from '../envoy/listener-addresses.ts';
import type { UpgradeRisk } from './sidecar-state.ts';

/** The facts gathered before an upgrade without any change. */
export interface PreflightFacts {
  readonly binaryProblem: string | null;
  readonly version: string | null;
  readonly hotRestartVersion: string | null;
  /** Of the process that serves; null when its admin is gone and nothing is remembered. */
  readonly servingHotRestartVersion: string | null;
  /** Envoy's own complaint about the bootstrap; null when `--mode validate` accepted it. */
  readonly validateProblem: string | null;
  readonly bootstrap: BootstrapFacts | null;
  readonly servingBootstrap: BootstrapFacts | null;
  /** As mesh.yaml has it, in the form of `BootstrapFacts.admin`. */
  readonly admin: string;
  readonly concurrency: number;
  readonly servingConcurrency: number;
  readonly drainMs: number;
  /** The launch of the serving process: its own flags decide how it drains. */
  readonly servingDrainMs: number;
  /** New listener addresses on which somebody else listens. */
  readonly busyAddresses: readonly string[];
  /** Why the new admin address cannot be bound; null when it can. */
  readonly adminProblem: string | null;
  /** Why the shared memory of the hot restart cannot be used; null when it can. */
  readonly sharedMemoryProblem: string | null;
  /** Null: the host does not tell. */
  readonly availableBytes: number | null;
  /** Anonymous memory of the serving process; file pages are shared with the new one, or dropped. */
  readonly servingBytes: number;
  /** Why the old process has to be left to Envoy's own timer; empty when it may be ended as soon as it is drained. */
  readonly earlyEndProblems: readonly string[];
  /** Listeners of the serving process whose connections weir does not see; what is cut of them cannot be counted. */
  readonly unseenListeners: readonly string[];
  /** The serving process balances Dubbo by the discovery agent, and mesh.yaml names nobody who tells its consumers. */
  readonly isDubboUntold: boolean;
  /** Why the journal or the run directory cannot be written; null when they can. */
  readonly storageProblem: string | null;
}

/** The memory of an upgrade besides the new process itself, in bytes. */
const HEADROOM = 32 * 1024 * 1024;

/**
 * The reasons to refuse an upgrade, each a sentence that names the thing; empty: go on. Envoy's own validation does not
 * look at ports, the admin address, the number of workers or the shared memory. A start that fails on one of them has
 * already closed the admin interface of the old process.
 */
export function judgePreflight(facts: PreflightFacts, accept: readonly UpgradeRisk[]): string[] {
  const reasons: string[] = [];
  const say = (reason: string | null) => {
    if (reason !== null) reasons.push(reason);
  };
  if (facts.binaryProblem !== null) return [`the new binary does not run: ${facts.binaryProblem}`];
  say(hotRestartProblem(facts));
  if (facts.validateProblem !== null) say(`the bootstrap is not accepted by the new binary: ${facts.validateProblem}`);
  if (facts.concurrency !== facts.servingConcurrency && !accept.includes('concurrency')) {
    say(
      `concurrency would change from ${facts.servingConcurrency} to ${facts.concurrency}, and with fewer workers connections that are not accepted yet are dropped: \`--accept-risk concurrency\` does it all the same`,
    );
  }
  const { bootstrap, servingBootstrap } = facts;
  if (bootstrap !== null) {
    if (bootstrap.admin !== facts.admin) {
      say(`the bootstrap's admin address is ${bootstrap.admin ?? 'missing'}, mesh.yaml has ${facts.admin}`);
    }
    const lost = accept.includes('drop-listener') ? [] : lostListeners(servingBootstrap, bootstrap);
    if (lost.length > 0) {
      say(
        `the new bootstrap has no listener on ${lost.join(', ')}, which serves now: \`--accept-risk drop-listener\` leaves it`,
      );
    }
  }
  for (const address of facts.busyAddresses) say(`another process listens on ${address}, a new listener's address`);
  say(facts.adminProblem);
  say(facts.sharedMemoryProblem);
  say(facts.storageProblem);
  const needed = facts.servingBytes + HEADROOM;
  if (facts.servingBytes > 0 && facts.availableBytes !== null && facts.availableBytes < needed) {
    say(`two processes need about ${mib(needed)} MiB more, and ${mib(facts.availableBytes)} MiB are available`);
  }
  return reasons;
}

/** Addresses of the process that serves that no listener of the new bootstrap takes. */
function lostListeners(serving: BootstrapFacts | null, next: BootstrapFacts): readonly string[] {
  const taken = [...next.listeners.bound, ...next.listeners.alsoCovered];
  const has = (wanted: string) => taken.some((address) => coversAddress(address, wanted));
  return serving?.listeners.bound.filter((wanted) => !has(wanted)) ?? [];
}

function hotRestartProblem(facts: PreflightFacts): string | null {
  if (facts.hotRestartVersion === null) return 'the new binary does not print a hot restart version: is it an Envoy?';
  const { servingHotRestartVersion: serving } = facts;
  if (serving === null || serving === '' || serving === facts.hotRestartVersion) return null;
  return `the new binary speaks hot restart version ${facts.hotRestartVersion}, the serving one ${serving}: no hot upgrade between them`;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** Warnings for the operator that do not stop the upgrade. */
export function preflightWarnings(facts: PreflightFacts): string[] {
  const warnings: string[] = [];
  if (facts.availableBytes === null)
    warnings.push('the host does not tell how much memory is left: it was not compared');
  if (facts.bootstrap === null)
    warnings.push('the bootstrap is not YAML or JSON: listeners and logs were not compared');
  // Cut requests belong to the draining process, and so to its own log.
  const problem = facts.servingBootstrap?.log.problem ?? null;
  if (problem !== null) warnings.push(`cut requests cannot be counted: ${problem}`);
  if (facts.unseenListeners.length > 0)
    warnings.push(`the connections that are cut cannot be counted: ${facts.unseenListeners.join(', ')}`);
  for (const reason of facts.earlyEndProblems) {
    warnings.push(`the old process is kept until Envoy's own timer ends it, also when it is drained: ${reason}`);
  }
  if (facts.servingDrainMs > facts.drainMs) {
    const [old, now] = [facts.servingDrainMs / 1000, facts.drainMs / 1000];
    warnings.push(`the serving process spreads its drain over ${old} s, and it is ended after ${now} s`);
  }
  if (facts.isDubboUntold) warnings.push(UNTOLD_DUBBO);
  return warnings;
}

/** What no proxy can do: Dubbo has no signal by which a consumer would connect anew before its connection ends. */
const UNTOLD_DUBBO =
  'consumers of Dubbo lose calls while they connect anew, unless they have weir-dubbo.jar and `notify`, or `cluster.availablecheck=false` in the URL of their registry (docs/guide/dubbo-sdk.md)';
