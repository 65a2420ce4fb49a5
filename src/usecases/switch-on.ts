import type { ResolvedMeshConfig } from '../config/mesh-config.ts';
import { cutDirectConnections, establishedFlows, readSocketTable, type SocketTable } from './app-connections.ts';
import { type AppState, appState, NOT_ASKED } from './app-state.ts';
import { type AppliedRules, applyPolicy, changesTowards, wantedRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import { panicText } from './panic-text.ts';
import type { Backend } from './ports.ts';
import type { Risk } from './preflight.ts';
import { configuredApp, type Preparation, prepareSwitch } from './prepare-switch.ts';
import { type AppProof, proveByPackets } from './prove.ts';
import { rollBackRules } from './roll-back.ts';
import { sendPressedDirect } from './send-direct.ts';
import type { Situation } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import { leasesOf, policyOfPlan, type SwitchPlan } from './switch-plan.ts';
import { NOT_PROBED, type SwitchEvent, type SwitchedApp, type SwitchResult, type Warned } from './switch-result.ts';

/** How long a command waits for another weir command on this host. */
export const LOCK_WAIT_MS = 30_000;

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
    const preparation = await prepareSwitch(host, request, named);
    const planMs = host.clock.now() - began;
    if (request.dryRun) return await dryRun(preparation, request, planMs);
    return await carryOut(host, request, preparation, { began, planMs });
  } finally {
    await lock?.release();
  }
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
  preparation: Preparation,
  { began, planMs }: { began: number; planMs: number },
): Promise<Warned<SwitchResult>> {
  const { situation, firewall, plan, trial, warnings } = preparation;
  const before = new Map(request.apps.map((name) => [name, stateBefore(situation, name)]));
  // Which connections are direct has to be known before new ones are proxied.
  const table = request.existing === 'cut' ? await readDirectConnections(host, plan) : null;
  await announceIntent(host, request, preparation);
  const applied = await installTrial(host, request, preparation);
  const proveBegan = host.clock.now();
  const proofs = await proveTrial(host, request, preparation, applied);
  const proveMs = host.clock.now() - proveBegan;
  request.report({ step: 'proven', proofs, ms: proveMs });
  warnings.push(...proofs.flatMap((proof) => proof.details));
  const proven = plan.apps.map((app) => (request.apps.includes(app.name) ? { ...app, proven: true } : app));
  const settleMs = await settleTrial(host, request, preparation, applied, proven);
  const pressed = await sendPressedDirect(host, request.apps);
  warnings.push(...pressed.map((name) => `${name}: off.sh was run while weir switched it on: it is direct`));

  const fresh = proven.filter((app) => trial.has(app.name));
  const cuts = table === null ? null : await cutDirectConnections(host, table, fresh, plan.guard);
  const flows = await host.connections.tracked();
  const apps: SwitchedApp[] = [];
  for (const app of proven.filter((one) => request.apps.includes(one.name))) {
    const from = before.get(app.name) ?? 'off';
    const after = pressed.includes(app.name) ? 'off' : app.confirm === null ? 'on' : 'unconfirmed';
    const proof = proofs.find((one) => one.name === app.name);
    if (from !== after) await noteSwitch(host, app.name, from, after);
    apps.push({
      name: app.name,
      before: from,
      after,
      connections: { proxied: establishedFlows(flows, app.slot).length, cut: cuts?.get(app.name) ?? 0, drained: 0 },
      proof: proof === undefined ? NOT_PROBED : { ipv4: proof.ipv4, ipv6: proof.ipv6 },
    });
  }
  const ms = { plan: planMs, apply: applied.ms + settleMs, prove: proveMs, total: host.clock.now() - began };
  return { result: { backend: firewall.backend, apps, ms }, warnings };
}

async function readDirectConnections(host: InterceptHost, plan: SwitchPlan): Promise<SocketTable> {
  const hasGroups = plan.apps.some((app) => app.policy.select.kind === 'group');
  return readSocketTable(host, await host.connections.tracked(), hasGroups);
}

/** The intent is on disk and the panic file in its place before the first packet is diverted. */
async function announceIntent(host: InterceptHost, request: SwitchOnRequest, preparation: Preparation): Promise<void> {
  const { firewall, network, plan } = preparation;
  await remember(host, preparation, plan.apps);
  const declared = [...request.config.apps.keys()];
  const facts = { backend: firewall.backend, netns: network.netns, path: host.panicFile.path, declared };
  await host.panicFile.write(panicText(facts, plan.apps));
  for (const name of request.apps) await host.panicFile.forget(name);
}

function remember(
  host: InterceptHost,
  { firewall, network, plan }: Preparation,
  apps: readonly StoredApp[],
): Promise<void> {
  return host.store.write({ version: 1, backend: firewall.backend, netns: network.netns, guard: plan.guard, apps });
}

/** Installs the rules with the trial's deadline; a transaction that is refused leaves rules and state as they were. */
async function installTrial(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
): Promise<AppliedRules> {
  const { firewall, plan, trial, situation } = preparation;
  try {
    const applied = await applyPolicy(firewall, policyOfPlan(plan, true, trial), request.apps);
    // The sidecar was just asked and is ready: from here on its supervisor goes on renewing.
    await firewall.renewLeases(leasesOf(plan.apps.filter(({ name }) => request.apps.includes(name))));
    request.report({ step: 'applied', backend: firewall.backend, ms: applied.ms });
    return applied;
  } catch (error) {
    if (situation.stored === null) await host.store.remove();
    else await host.store.write(situation.stored);
    throw error;
  }
}

/** Proves the trial by packets; what fails, or is interrupted, is rolled back. */
async function proveTrial(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
  applied: AppliedRules,
): Promise<AppProof[]> {
  const { plan, trial } = preparation;
  const proofs = await proveByPackets(host, policyOfPlan(plan, true, trial), request.apps).catch((error: unknown) =>
    undo(host, request, preparation, applied, [`the proof could not be carried out: ${messageOf(error)}`]),
  );
  if (request.signal.aborted)
    await undo(host, request, preparation, applied, ['interrupted before the proof was complete']);
  const failed = proofs.filter((proof) => proof.ipv4 === 'failed' || proof.ipv6 === 'failed');
  const details = failed.flatMap((proof) => proof.details);
  if (failed.length > 0) await undo(host, request, preparation, applied, details);
  return proofs;
}

/** Takes the trial's deadline out; an unconfirmed interception keeps the operator's. Resolves to the tools' milliseconds. */
async function settleTrial(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
  applied: AppliedRules,
  proven: readonly StoredApp[],
): Promise<number> {
  const { firewall, plan, warnings } = preparation;
  const settled = await applyPolicy(firewall, policyOfPlan({ ...plan, apps: proven }, true), []).catch(
    (error: unknown) =>
      undo(host, request, preparation, applied, [`the trial could not be made permanent: ${messageOf(error)}`]),
  );
  await remember(host, preparation, proven).catch((error: unknown) =>
    warnings.push(`the state could not be written after the proof: ${messageOf(error)}`),
  );
  return settled.ms;
}

function undo(
  host: InterceptHost,
  { report, apps }: SwitchOnRequest,
  { firewall, situation }: Preparation,
  before: AppliedRules,
  why: readonly string[],
): Promise<never> {
  return rollBackRules(host, { firewall, before, stored: situation.stored, report, why, names: apps });
}

function stateBefore(situation: Situation, name: string): AppState {
  return appState({ known: situation.apps.get(name) ?? null, proxied: 0, drift: [], ...NOT_ASKED }).state;
}

async function noteSwitch(host: InterceptHost, app: string, from: AppState, to: AppState): Promise<void> {
  await host.journal({ at: new Date(host.clock.now()).toISOString(), app, from, to, by: 'weir on', reason: null });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
