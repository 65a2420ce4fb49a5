/** The use case of `weir on`. */
import { interruptedBy } from '../errors/interrupted-by.ts';
import { reasonOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { needsProcesses } from '../mesh/selector-kinds.ts';
import { cutDirectConnections, establishedFlows, readSocketTable, type SocketTable } from './app-connections.ts';
import { type AppState, appState, NOT_ASKED } from './app-state.ts';
import { type AppliedRules, applyPolicy, changesTowards, wantedRulesets } from './apply-rules.ts';
import { lockBeforeChanges } from './begin-lock.ts';
import { configuredApp } from './build-app.ts';
import { explainFailure, foldDetails } from './explain-failure.ts';
import type { InterceptHost } from './host.ts';
import { listProxied, ownersOf } from './list-flows.ts';
import { makeMarkRoutes, undoMarkRoutes } from './mark-routing.ts';
import { type PlannedProbe, planProbes } from './plan-probes.ts';
import type { Risk } from './preflight.ts';
import { type Preparation, prepareSwitch } from './prepare-switch.ts';
import { type AppProof, proveByPackets } from './prove.ts';
import { type InboundProof, lookFromOutside, type OutsideLook } from './prove-inbound.ts';
import { type RollBack, rollBackRules } from './roll-back.ts';
import { panicText } from './rules/panic/panic-text.ts';
import { sendPressedDirect } from './send-direct.ts';
import type { Situation } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import { leasesOf, policyOfPlan, type SwitchPlan } from './switch-plan.ts';
import type { SwitchOnRequest } from './switch-request.ts';
import { NOT_PROBED, type SwitchedApp, type SwitchResult, type Warned } from './switch-result.ts';

/**
 * Sends new connections of applications through their sidecars: preflight, one transaction, proof by packets, and the
 * rollback when the proof fails.
 * @throws WeirError exit 2 (unknown app), 3 (refused, nothing changed), 4 (rolled back), 5 (roll-back failed), and that
 * of a signal that came before anything was changed
 */
export async function switchOn(host: InterceptHost, request: SwitchOnRequest): Promise<Warned<SwitchResult>> {
  const named = request.apps.map((name) => configuredApp(request.config, name));
  const began = host.clock.monotonic();
  const lock = request.dryRun ? null : await lockBeforeChanges(host, `on ${request.apps.join(' ')}`, request);
  try {
    const preparation = await prepareSwitch(host, request, named);
    const planMs = host.clock.monotonic() - began;
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
  // Direct connections are recorded before new ones are proxied.
  const table = request.existing === 'cut' ? await readDirectConnections(host, plan) : null;
  const policy = policyOfPlan(plan, true, trial);
  // What the proof takes and is not there refuses before anything is changed: addresses, and the list of connections.
  const [probes] = await Promise.all([
    planProbes(host, policy, new Set(request.apps)),
    listProxied(host, ownersOf(plan.apps)),
  ]);
  const outside = await lookFromOutside(host, policy, request.apps, preparation.listeners);
  let applied: AppliedRules;
  let proofs: readonly AppProof[];
  let inbound: ReadonlyMap<string, InboundProof>;
  let proveBegan: number;
  try {
    if (request.signal.aborted) throw interruptedBy(request.signal, 'nothing was changed');
    await announceIntent(host, request, preparation);
    applied = await installTrial(host, request, preparation);
    proveBegan = host.clock.monotonic();
    proofs = await proveTrial(host, request, preparation, applied, probes);
    inbound = await proveFromOutside(host, request, preparation, applied, outside);
  } finally {
    await outside.close();
  }
  const proveMs = host.clock.monotonic() - proveBegan;
  request.report({ step: 'proven', proofs, ms: proveMs });
  warnings.push(...foldDetails(proofs));
  const proven = plan.apps.map((app) => (request.apps.includes(app.name) ? { ...app, proven: true } : app));
  const settleMs = await settleTrial(host, request, preparation, applied, proven);
  const pressed = await sendPressedDirect(host, request.apps);
  warnings.push(...pressed.map((name) => `${name} goes direct: off.sh was run while weir switched it on`));

  const fresh = proven.filter((app) => trial.has(app.name));
  const cuts = table === null ? null : await cutDirectConnections(host, table, fresh, plan.guard);
  const flows = await listProxied(host, ownersOf(proven));
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
      ...inboundOf(inbound.get(app.name)),
    });
  }
  const ms = { plan: planMs, apply: applied.ms + settleMs, prove: proveMs, total: host.clock.monotonic() - began };
  return { result: { backend: firewall.backend, apps, ms }, warnings };
}

async function readDirectConnections(host: InterceptHost, plan: SwitchPlan): Promise<SocketTable> {
  const hasGroups = plan.apps.some((app) => needsProcesses(app.policy.select));
  return readSocketTable(host, await listProxied(host, ownersOf(plan.apps)), hasGroups);
}

/** The intent is on disk and the panic file in its place before the first packet is diverted. */
async function announceIntent(host: InterceptHost, request: SwitchOnRequest, preparation: Preparation): Promise<void> {
  const { firewall, network, plan } = preparation;
  await remember(host, preparation, plan.apps);
  const declared = [...request.config.apps.keys()];
  const facts = {
    backend: firewall.backend,
    netns: network.netns,
    namespace: network.namespace,
    path: host.panicFile.path,
    declared,
  };
  await host.panicFile.write(panicText(facts, plan.apps));
  for (const name of request.apps) await host.panicFile.forget(name);
}

function remember(
  host: InterceptHost,
  { firewall, network, plan }: Preparation,
  apps: readonly StoredApp[],
): Promise<void> {
  const { netns, namespace } = network;
  return host.store.write({ version: 1, backend: firewall.backend, netns, namespace, guard: plan.guard, apps });
}

/** Installs the rules with the trial's deadline; a transaction that is refused leaves rules and state as they were. */
async function installTrial(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
): Promise<AppliedRules> {
  const { firewall, plan, trial, situation } = preparation;
  try {
    await makeMarkRoutes(host, plan.apps);
    const applied = await applyPolicy(firewall, policyOfPlan(plan, true, trial), request.apps);
    // The sidecar has just reported ready; from here on its supervisor renews the lease.
    await firewall.renewLeases(leasesOf(plan.apps.filter(({ name }) => request.apps.includes(name))));
    request.report({ step: 'applied', backend: firewall.backend, ms: applied.ms });
    return applied;
  } catch (error) {
    if (situation.stored === null) await host.store.remove();
    else await host.store.write(situation.stored);
    await undoMarkRoutes(
      host,
      plan.apps,
      [...situation.installed.values()].flatMap(({ rulesets }) => rulesets),
    );
    throw error;
  }
}

/** Proves the trial by packets; rolls back after a failure or an interruption. */
async function proveTrial(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
  applied: AppliedRules,
  probes: readonly PlannedProbe[],
): Promise<AppProof[]> {
  const proofs = await proveByPackets(host, probes, request.apps).catch((error: unknown) => {
    const why = [`the proof could not be carried out: ${reasonOf(error)}`];
    const next = error instanceof WeirError ? { hint: error.hint } : {};
    return undo(host, request, preparation, applied, why, next);
  });
  if (request.signal.aborted)
    await undo(host, request, preparation, applied, ['interrupted before the proof was complete']);
  const failed = proofs.filter((proof) => proof.ipv4 === 'failed' || proof.ipv6 === 'failed');
  if (failed.length > 0) {
    const explained = explainFailure(failed, preparation.judged);
    await undo(host, request, preparation, applied, explained.why, explained);
  }
  return proofs;
}

/** Risks that predict the result of calls from outside: an operator who accepted one knows it. */
const INBOUND_RISKS: readonly Risk[] = ['inbound-filtered', 'foreign-mark', 'no-address'];

/** Compares calls from outside with those before the rules came; an application that lost them is rolled back. */
async function proveFromOutside(
  host: InterceptHost,
  request: SwitchOnRequest,
  preparation: Preparation,
  applied: AppliedRules,
  outside: OutsideLook,
): Promise<ReadonlyMap<string, InboundProof>> {
  const isAccepted = INBOUND_RISKS.some((risk) => request.acceptedRisks.includes(risk));
  const proofs = await outside.finish((name) => preparation.trial.has(name) && !isAccepted);
  const failed = [...proofs].flatMap(([name, { result, detail }]): AppProof[] =>
    result === 'failed' ? [{ name, ipv4: 'failed', ipv6: 'failed', details: [`${name}: ${detail}`] }] : [],
  );
  if (failed.length > 0) {
    const explained = explainFailure(failed, preparation.judged);
    await undo(host, request, preparation, applied, explained.why, explained);
  }
  return proofs;
}

function inboundOf(inbound: InboundProof | undefined): Pick<SwitchedApp, 'inbound'> {
  return inbound === undefined ? {} : { inbound };
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
      undo(host, request, preparation, applied, [`the trial could not be made permanent: ${reasonOf(error)}`]),
  );
  await remember(host, preparation, proven).catch((error: unknown) =>
    warnings.push(`the state could not be written after the proof: ${reasonOf(error)}`),
  );
  return settled.ms;
}

function undo(
  host: InterceptHost,
  { report, apps }: SwitchOnRequest,
  { firewall, plan, situation }: Preparation,
  before: AppliedRules,
  why: readonly string[],
  explained: Partial<RollBack> = {},
): Promise<never> {
  const { apps: planned } = plan;
  return rollBackRules(host, {
    firewall,
    before,
    planned,
    stored: situation.stored,
    report,
    names: apps,
    ...explained,
    why,
  });
}

function stateBefore(situation: Situation, name: string): AppState {
  return appState({ known: situation.apps.get(name) ?? null, proxied: 0, drift: [], ...NOT_ASKED }).state;
}

async function noteSwitch(host: InterceptHost, app: string, from: AppState, to: AppState): Promise<void> {
  await host.journal({ at: new Date(host.clock.now()).toISOString(), app, from, to, by: 'weir on', reason: null });
}
