import type { AccountId, AppConfig, ResolvedMeshConfig, SidecarConfig } from '../config/mesh-config.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { Deadline } from '../intercept/policy.ts';
import { cutDirectConnections, establishedFlows, readSocketTable } from './app-connections.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState } from './app-state.ts';
import { type AppliedRules, applyPolicy, changesTowards, wantedRulesets } from './apply-rules.ts';
import { buildAppPolicy, buildGuard, freeSlot } from './build-policy.ts';
import { chooseBackend } from './choose-backend.ts';
import type { InterceptHost, NetworkFacts } from './host.ts';
import { panicText } from './panic-text.ts';
import type { Backend, Firewall } from './ports.ts';
import { type PreflightFacts, preflightApp, type Risk, refuseForeignMesh } from './preflight.ts';
import { type AppProof, proveByPackets } from './prove.ts';
import { rollBackRules } from './roll-back.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredApp, StoredState } from './stored-state.ts';
import { deadlineAfter, isAlreadyOn, policyOfPlan, type SwitchPlan, settledApps, withApps } from './switch-plan.ts';
import { NOT_PROBED, type SwitchEvent, type SwitchResult, type Warned } from './switch-result.ts';

/** How long a command waits for another weir command on this host. */
export const LOCK_WAIT_MS = 30_000;

/**
 * Until packets have proven it, an interception ends by itself in the kernel after this long: a weir that is killed
 * between the commit and the end of the proof leaves no half-tried interception behind.
 */
const UNPROVEN_MS = 20_000;

/** What the operator asked for. */
export interface SwitchOnRequest {
  readonly config: ResolvedMeshConfig;
  readonly apps: readonly string[];
  readonly backend: Backend | 'auto';
  /** Milliseconds after which the kernel ends it unless confirmed; null for no such deadline. */
  readonly confirmMs: number | null;
  readonly existing: 'keep' | 'cut';
  readonly acceptedRisks: readonly Risk[];
  readonly dryRun: boolean;
  /** Aborted by Ctrl-C: what was begun is rolled back. */
  readonly signal: AbortSignal;
  readonly report: (event: SwitchEvent) => void;
}

/**
 * Sends new connections of applications through their sidecars: preflight, one transaction, proof by packets, and the
 * way back if the proof fails.
 * @throws WeirError exit 2 (unknown app), 3 (refused, nothing changed), 4 (rolled back), 5 (roll-back failed)
 */
export async function switchOn(host: InterceptHost, request: SwitchOnRequest): Promise<Warned<SwitchResult>> {
  const named = request.apps.map((name) => configuredApp(request.config, name));
  const onWait = (holder: string): void => request.report({ step: 'waiting', holder });
  const began = host.clock.now();
  const lock = request.dryRun ? null : await host.takeLock(`on ${request.apps.join(' ')}`, LOCK_WAIT_MS, onWait);
  try {
    const preparation = await prepare(host, request, named);
    const planMs = host.clock.now() - began;
    if (request.dryRun) return await dryRun(preparation, request, planMs);
    return await carryOut(host, request, preparation, { began, planMs });
  } finally {
    await lock?.release();
  }
}

interface NamedApp {
  readonly app: AppConfig<AccountId>;
  readonly sidecar: SidecarConfig<AccountId>;
}

function configuredApp(config: ResolvedMeshConfig, name: string): NamedApp {
  const app = config.apps.get(name);
  if (app === undefined) throw unknownApp(name, appNames(config, null), config.file);
  const sidecar = config.sidecars.get(app.sidecar);
  if (sidecar === undefined) throw new TypeError(`${name}: sidecar ${app.sidecar} passed validation and is not there`);
  return { app, sidecar };
}

/** Everything that is known before the first change. */
interface Preparation {
  readonly situation: Situation;
  readonly network: NetworkFacts;
  readonly firewall: Firewall;
  readonly plan: SwitchPlan;
  /** Deadlines while the proof is under way: of the applications that were not on before. */
  readonly trial: ReadonlyMap<string, Deadline | null>;
  readonly warnings: string[];
}

async function prepare(
  host: InterceptHost,
  request: SwitchOnRequest,
  named: readonly NamedApp[],
): Promise<Preparation> {
  const [situation, network] = await Promise.all([readSituation(host, 'every'), host.network()]);
  refuseOtherNamespace(situation.stored, network);
  const firewall = host.firewall(await chooseBackend(host, situation, request.backend));
  request.report({ step: 'preflight', apps: request.apps });
  await refuseForeignMesh(host);
  const [ssh, listeners] = await Promise.all([host.ssh(), host.connections.sockets('listening')]);
  const facts: PreflightFacts = { network, ssh, listeners, accepted: request.acceptedRisks };
  const warnings = situation.storeProblem === null ? [] : [situation.storeProblem];
  const taken = new Set(
    [...situation.apps.values()].flatMap((known) => [known.stored?.slot ?? 0, known.kernel?.slot ?? 0]),
  );
  const nowMs = host.clock.now();
  const trialDeadline = deadlineAfter(nowMs, request.confirmMs ?? UNPROVEN_MS);
  const trial = new Map<string, Deadline | null>();
  const changed: StoredApp[] = [];
  for (const { app, sidecar } of named) {
    const known = situation.apps.get(app.name) ?? null;
    const already = isAlreadyOn(known);
    if (already && request.confirmMs !== null) {
      warnings.push(`${app.name} is on already; --confirm changes nothing for it`);
      if (known?.stored) continue;
    }
    const preflight = await preflightApp(host, app, sidecar, facts);
    warnings.push(...preflight.warnings);
    if (app.leaseMs !== null) warnings.push(`${app.name}: its lease is not in force, since no supervisor renews it`);
    const slot = known?.stored?.slot ?? known?.kernel?.slot ?? freeSlot(taken);
    taken.add(slot);
    if (!already) trial.set(app.name, trialDeadline);
    const acceptsSshRisk = request.acceptedRisks.includes('lose-ssh');
    changed.push({
      name: app.name,
      slot,
      desired: 'on',
      policy: buildAppPolicy(app, sidecar, { slot, families: preflight.families, acceptsSshRisk }),
      sidecar: { name: sidecar.name, admin: sidecar.admin, readyPath: sidecar.readyPath },
      onFailure: app.onFailure,
      since: already && known?.stored ? known.stored.since : new Date(nowMs).toISOString(),
      reason: null,
      confirm:
        already || request.confirmMs === null
          ? null
          : { ...trialDeadline, by: new Date(nowMs + request.confirmMs).toISOString() },
      drainUntil: null,
      proven: already,
    });
  }
  const guard = buildGuard(request.config, ssh, situation.stored?.guard ?? null);
  return {
    situation,
    network,
    firewall,
    plan: { guard, apps: withApps(settledApps(situation, nowMs), changed) },
    trial,
    warnings,
  };
}

/** One state directory is about one network namespace; a second one would make off.sh and uninstall miss the first. */
function refuseOtherNamespace(stored: StoredState | null, network: NetworkFacts): void {
  if (stored === null || stored.netns === network.netns || !stored.apps.some((app) => app.desired === 'on')) return;
  const other = stored.netns === '' ? 'the namespace weir was started in' : `--netns ${stored.netns}`;
  throw new WeirError('WEIR3013', {
    what: 'the state directory is in use for another network namespace',
    why: `it remembers applications that are on in ${other}; nothing was changed`,
    hint: 'give each namespace its own --state-dir and --run-dir, or switch the others off first',
  });
}

async function dryRun(
  { firewall, plan, warnings }: Preparation,
  request: SwitchOnRequest,
  planMs: number,
): Promise<Warned<SwitchResult>> {
  const installed = await firewall.read();
  const deadlines = request.confirmMs === null ? new Map<string, null>() : undefined;
  const changes = changesTowards(
    installed.rulesets,
    wantedRulesets(firewall.backend, policyOfPlan(plan, true, deadlines), installed),
    request.apps,
  );
  if (changes.length > 0) await firewall.test(changes);
  const apps = request.apps.map((name) => {
    return {
      name,
      before: 'off',
      after: 'off',
      connections: { proxied: 0, cut: 0, drained: 0 },
      proof: NOT_PROBED,
    } as const;
  });
  const result = {
    backend: firewall.backend,
    apps,
    ms: { plan: planMs, apply: 0, prove: 0, total: planMs },
    plan: firewall.render(changes),
  };
  return { result, warnings };
}

async function carryOut(
  host: InterceptHost,
  request: SwitchOnRequest,
  { situation, network, firewall, plan, trial, warnings }: Preparation,
  { began, planMs }: { began: number; planMs: number },
): Promise<Warned<SwitchResult>> {
  const backend = firewall.backend;
  const before = new Map(request.apps.map((name) => [name, stateBefore(situation, name)]));
  const table =
    request.existing === 'cut'
      ? await readSocketTable(
          host,
          await host.connections.tracked(),
          plan.apps.some((app) => app.policy.select.kind === 'group'),
        )
      : null;
  const remember = (apps: readonly StoredApp[]): Promise<void> =>
    host.store.write({ version: 1, backend, netns: network.netns, guard: plan.guard, apps });
  // The intent is on disk and the panic file in its place before the first packet is diverted.
  await remember(plan.apps);
  const facts = { backend, netns: network.netns, path: host.panicFile.path, declared: [...request.config.apps.keys()] };
  await host.panicFile.write(panicText(facts, plan.apps));
  for (const name of request.apps) await host.panicFile.forget(name);
  const undo = (applied: AppliedRules | null, why: readonly string[]): Promise<never> =>
    rollBackRules(host, { firewall, before: applied, stored: situation.stored, report: request.report, why });

  let applied: AppliedRules;
  try {
    applied = await applyPolicy(firewall, policyOfPlan(plan, true, trial), request.apps);
  } catch (error) {
    if (situation.stored !== null) await host.store.write(situation.stored);
    throw error;
  }
  request.report({ step: 'applied', backend, ms: applied.ms });
  const proveBegan = host.clock.now();
  const proofs = await proveByPackets(host, policyOfPlan(plan, true, trial), request.apps).catch((error: unknown) =>
    undo(applied, [`the proof could not be carried out: ${error instanceof Error ? error.message : String(error)}`]),
  );
  const proveMs = host.clock.now() - proveBegan;
  if (request.signal.aborted) await undo(applied, ['interrupted before the proof was complete']);
  const failed = proofs.filter((proof) => proof.ipv4 === 'failed' || proof.ipv6 === 'failed');
  if (failed.length > 0)
    await undo(
      applied,
      failed.flatMap((proof) => proof.details),
    );
  request.report({ step: 'proven', proofs, ms: proveMs });
  warnings.push(...proofs.flatMap((proof) => proof.details));

  const proven = plan.apps.map((app) => (request.apps.includes(app.name) ? { ...app, proven: true } : app));
  let settleMs = 0;
  try {
    // The trial's deadline goes; an unconfirmed interception keeps the operator's.
    settleMs = (await applyPolicy(firewall, policyOfPlan({ ...plan, apps: proven }, true), [])).ms;
  } catch (error) {
    await undo(applied, [
      `the trial could not be made permanent: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  await remember(proven).catch((error: unknown) =>
    warnings.push(`the state could not be written after the proof: ${String(error)}`),
  );
  const after = new Map(
    request.apps.map(
      (name) => [name, proven.find((app) => app.name === name)?.confirm ? 'unconfirmed' : 'on'] as const,
    ),
  );
  for (const name of request.apps) await noteSwitch(host, name, before.get(name) ?? 'off', after.get(name) ?? 'on');
  const cuts =
    table === null
      ? new Map<string, number>()
      : await cutDirectConnections(
          host,
          table,
          proven.filter((app) => trial.has(app.name)),
          plan.guard,
        );
  const flows = await host.connections.tracked();
  const apps = request.apps.map((name) => ({
    name,
    before: before.get(name) ?? 'off',
    after: after.get(name) ?? 'on',
    connections: {
      proxied: establishedFlows(flows, slotOf(proven, name)).length,
      cut: cuts.get(name) ?? 0,
      drained: 0,
    },
    proof: proofOf(proofs, name),
  }));
  const ms = { plan: planMs, apply: applied.ms + settleMs, prove: proveMs, total: host.clock.now() - began };
  return { result: { backend, apps, ms }, warnings };
}

function stateBefore(situation: Situation, name: string): AppState {
  return appState({ known: situation.apps.get(name) ?? null, proxied: 0, drift: [], sidecar: null }).state;
}

async function noteSwitch(host: InterceptHost, app: string, from: AppState, to: AppState): Promise<void> {
  if (from !== to)
    await host.journal({ at: new Date(host.clock.now()).toISOString(), app, from, to, by: 'weir on', reason: null });
}

function slotOf(apps: readonly StoredApp[], name: string): number {
  return apps.find((app) => app.name === name)?.slot ?? 0;
}

function proofOf(proofs: readonly AppProof[], name: string): typeof NOT_PROBED {
  const proof = proofs.find((one) => one.name === name);
  return proof === undefined ? NOT_PROBED : { ipv4: proof.ipv4, ipv6: proof.ipv6 };
}
