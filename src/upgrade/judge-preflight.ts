import type { BootstrapFacts } from './bootstrap-facts.ts';

/** Everything that is found out before an upgrade without changing anything. */
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
  /** What the serving process was started with: its own flags decide how it drains. */
  readonly servingDrainMs: number;
  /** New listener addresses on which somebody else listens. */
  readonly busyAddresses: readonly string[];
  /** Why the new admin address cannot be bound; null when it can. */
  readonly adminProblem: string | null;
  /** Why the shared memory of the hot restart cannot be used; null when it can. */
  readonly sharedMemoryProblem: string | null;
  readonly availableBytes: number;
  readonly servingBytes: number;
  /** Why the journal or the run directory cannot be written; null when they can. */
  readonly storageProblem: string | null;
}

/** What an upgrade needs beside the new process itself, in bytes. */
const HEADROOM = 32 * 1024 * 1024;

/**
 * The reasons to refuse an upgrade, each a sentence that names the thing; empty: go on. Envoy's own validation does not
 * look at ports, at the admin address, at the number of workers or at the shared memory, and a start that fails on one
 * of them has already closed the admin interface of the old process.
 */
export function judgePreflight(facts: PreflightFacts): string[] {
  const reasons: string[] = [];
  const say = (reason: string | null) => {
    if (reason !== null) reasons.push(reason);
  };
  if (facts.binaryProblem !== null) return [`the new binary does not run: ${facts.binaryProblem}`];
  say(hotRestartProblem(facts));
  if (facts.validateProblem !== null) say(`the bootstrap is not accepted by the new binary: ${facts.validateProblem}`);
  if (facts.concurrency !== facts.servingConcurrency) {
    say(
      `concurrency would change from ${facts.servingConcurrency} to ${facts.concurrency}: a hot restart with another number of workers drops connections; stop and run the sidecar instead`,
    );
  }
  const { bootstrap, servingBootstrap } = facts;
  if (bootstrap !== null) {
    if (bootstrap.admin !== facts.admin) {
      say(`the bootstrap's admin address is ${bootstrap.admin ?? 'missing'}, mesh.yaml has ${facts.admin}`);
    }
    const lost = servingBootstrap?.listeners.filter((address) => !bootstrap.listeners.includes(address)) ?? [];
    if (lost.length > 0) say(`the new bootstrap has no listener on ${lost.join(', ')}, which serves now`);
  }
  for (const address of facts.busyAddresses) say(`another process listens on ${address}, a new listener's address`);
  say(facts.adminProblem);
  say(facts.sharedMemoryProblem);
  say(facts.storageProblem);
  const needed = facts.servingBytes + HEADROOM;
  if (facts.servingBytes > 0 && facts.availableBytes < needed) {
    say(`two processes need about ${mib(needed)} MiB more, and ${mib(facts.availableBytes)} MiB are available`);
  }
  return reasons;
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

/** What the operator should know although the upgrade goes on. */
export function preflightWarnings(facts: PreflightFacts): string[] {
  const warnings: string[] = [];
  if (facts.bootstrap === null)
    warnings.push('the bootstrap is not YAML or JSON: listeners and logs were not compared');
  if (facts.bootstrap !== null && facts.bootstrap.accessLogs.length === 0) {
    warnings.push(
      'no file access log in the bootstrap: cut requests cannot be counted (`weir sidecar init` writes one)',
    );
  }
  if (facts.servingDrainMs > facts.drainMs) {
    const [old, now] = [facts.servingDrainMs / 1000, facts.drainMs / 1000];
    warnings.push(`the serving process spreads its drain over ${old} s, and it is ended after ${now} s`);
  }
  return warnings;
}
