/** The use case of `weir verify`. */
import type { AccountId, MeshConfig } from '../mesh/mesh-config.ts';
import { appNames, unknownApp } from './app-names.ts';
import { whyStillDiverted } from './app-state.ts';
import { selectorChange } from './app-troubles.ts';
import type { Backend } from './backend.ts';
import type { InterceptHost } from './host.ts';
import { type InstalledPolicy, installedPolicy, switchDamage } from './installed-policy.ts';
import type { KnownApp } from './known-apps.ts';
import { refuseBlindness, refuseElsewhere } from './look.ts';
import { planProbes } from './plan-probes.ts';
import { type AppProof, type FamilyProof, proveByPackets } from './prove.ts';
import { type InboundProof, openInboundLook } from './prove-inbound.ts';
import { divertedDirections } from './rules/app-policy.ts';
import { type Finding, NOTHING } from './rules/findings.ts';
import { encodeMark } from './rules/mark.ts';
import { redirectPackets } from './rules/redirect-counter.ts';
import type { Ruleset } from './rules/ruleset.ts';
import { sidecarReadiness } from './sidecar-readiness.ts';
import { holdsRules, readSituation, type Situation } from './situation.ts';
import { isDiverted } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';

/** How long a sidecar may take to answer before it counts as frozen. */
const READY_TIMEOUT_MS = 2000;

/** Begins `where` of a finding about a sidecar; its name follows. */
export const SIDECAR_PLACE = 'sidecar/';

/** One difference, in words. */
export type VerifyFinding = Pick<Finding, 'what' | 'where' | 'expected' | 'found'>;

/** The proof of one application in three depths. */
export interface AppVerification {
  readonly name: string;
  readonly text: 'ok' | 'drift';
  /** `unmoved`: probes were redirected and no counter moved; `skipped`: no probe could be sent. */
  readonly counters: 'ok' | 'unmoved' | 'skipped';
  readonly packets: { readonly ipv4: FamilyProof; readonly ipv6: FamilyProof };
  /** Calls from a neighbour; left out where the application has no inbound connections, or is not on. */
  readonly inbound?: InboundProof;
  readonly findings: readonly VerifyFinding[];
}

/** All of it; `passed` is false when anything differs. */
export interface VerifiedApps {
  readonly backend: Backend | null;
  readonly apps: readonly AppVerification[];
  readonly passed: boolean;
}

/**
 * Proves each application that should be on: the text of the rules and their order, counters, and real packets, a
 * family at a time. One that is off has nothing to prove, but rules that may divert it all the same are findings. Without
 * names, all that should be on or may be diverted. An application whose account is another one in mesh.yaml by now goes
 * direct, although the rules of the former account are proven; `readConfig` resolves to null where there is no mesh.yaml.
 * @throws WeirError exit 2 (unknown application)
 */
export async function verifyApps(
  host: InterceptHost,
  readConfig: () => Promise<MeshConfig<AccountId> | null>,
  names: readonly string[],
): Promise<Warned<VerifiedApps>> {
  const situation = await readSituation(host, 'every');
  const command = `weir verify ${names.join(' ')}`.trim();
  refuseElsewhere(host, situation, command);
  refuseBlindness(situation, names, command);
  const meant = readConfig();
  if (!names.every((name) => situation.apps.has(name))) {
    const config = await meant;
    const known = appNames(config, situation);
    for (const name of names) if (!known.includes(name)) throw unknownApp(name, known, config?.file ?? 'this host');
  }
  const policy = installedPolicy(situation, host.clock.now());
  const damages = new Map([...situation.apps].map(([name, app]) => [name, offFindings(app, policy)]));
  const chosen =
    names.length > 0
      ? [...names]
      : [...situation.apps.values()]
          .filter(({ name, desired }) => desired === 'on' || (damages.get(name) ?? []).length > 0)
          .map(({ name }) => name);
  const warnings = situation.storeProblem === null ? [] : [situation.storeProblem];
  warnings.push(...leftovers(situation));
  if (chosen.length === 0) warnings.push('nothing is on');
  for (const name of names) warnings.push(...saidOff(name, situation.apps.get(name), damages.get(name) ?? []));
  if (policy === null || situation.backend === null) {
    const apps = chosen.map((name) => offVerification(name, []));
    return { result: { backend: situation.backend, apps, passed: true }, warnings };
  }
  const textFindings = policy.findings;
  const diverted = new Set(policy.policy.apps.filter(isDiverted).map(({ name }) => name));
  const on = chosen.filter((name) => diverted.has(name));
  const before = countersOf(policy, on, policy.found);
  const [config, proofs, fromOutside, unready] = await Promise.all([
    meant,
    planProbes(host, policy.policy, new Set(on)).then((probes) => proveByPackets(host, probes, on)),
    openInboundLook(host, policy.policy, on),
    unreadySidecars(host, situation, on),
  ]);
  const after = countersOf(policy, on, await host.firewall(situation.backend).recount(policy.found));
  // The calls count as well, so they come after the counters were read.
  const inbound = await fromOutside.prove();
  warnings.push(
    ...proofs.filter((proof) => proof.ipv4 !== 'failed' && proof.ipv6 !== 'failed').flatMap((proof) => proof.details),
  );
  const apps = chosen.map((name) => {
    const proof = proofs.find((one) => one.name === name);
    if (proof === undefined) {
      // Only the kernel knows it: it diverts by rules that cannot be compiled again.
      const isOn = situation.apps.get(name)?.desired === 'on';
      return offVerification(name, isOn ? textFindings.map(withoutApp) : (damages.get(name) ?? []));
    }
    const moved = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const sidecar = situation.apps.get(name)?.stored?.sidecar.name;
    const down = sidecar === undefined ? undefined : unready.get(sidecar);
    const changed = changedAccount(situation.apps.get(name), config);
    return appVerification(proof, { textFindings, moved, inbound: inbound.get(name), others: [down, changed] });
  });
  // Rules that nobody asked for matter also when no application is on.
  const stray = on.length === 0 ? textFindings : [];
  warnings.push(...stray.map((finding) => `${finding.where}: ${finding.what}`));
  const passed = apps.every((app) => app.findings.length === 0 && app.counters !== 'unmoved') && stray.length === 0;
  return { result: { backend: situation.backend, apps, passed }, warnings };
}

/** What was found out about an application besides its own packets. */
interface Looked {
  readonly textFindings: readonly Finding[];
  /** Packets that its redirects counted during the proof. */
  readonly moved: number;
  readonly inbound: InboundProof | undefined;
  /** Its sidecar, where that does not say that it is ready, and its account, where mesh.yaml has another one. */
  readonly others: readonly (VerifyFinding | undefined)[];
}

const UNREADY_WORDS = {
  'not-ready': 'its sidecar says that it is not ready',
  dead: 'its sidecar does not answer',
  frozen: 'its sidecar does not answer',
  unknown: 'whether its sidecar is ready cannot be told',
} as const;

/**
 * Sidecars that do not say that they are ready. The kernel accepts connections for a frozen process, so a probe alone
 * proves that packets are redirected, and not that anybody answers them.
 */
async function unreadySidecars(
  host: InterceptHost,
  situation: Situation,
  names: readonly string[],
): Promise<ReadonlyMap<string, VerifyFinding>> {
  const stored = names.flatMap((name) => situation.apps.get(name)?.stored?.sidecar ?? []);
  const sidecars = [...new Map(stored.map((sidecar) => [sidecar.name, sidecar])).values()];
  const asked = sidecars.map(async (sidecar): Promise<[string, VerifyFinding][]> => {
    const answer = await sidecarReadiness(host, sidecar, null, READY_TIMEOUT_MS);
    if (answer.state === 'ready') return [];
    const what = UNREADY_WORDS[answer.state];
    return [
      [sidecar.name, { what, where: `${SIDECAR_PLACE}${sidecar.name}`, expected: 'ready', found: answer.detail }],
    ];
  });
  return new Map((await Promise.all(asked)).flat());
}

/** Packets of the account that the rules name prove nothing of the one that the application has by now. */
function changedAccount(app: KnownApp | undefined, config: MeshConfig<AccountId> | null): VerifyFinding | undefined {
  const change = app?.stored ? selectorChange(app.stored, config?.apps.get(app.name)) : null;
  if (change === null) return undefined;
  const what = 'mesh.yaml means another account than the rules divert: the application goes direct';
  return { what, where: 'mesh.yaml', expected: change.now, found: change.then };
}

function appVerification(proof: AppProof, { textFindings, moved, inbound, others }: Looked): AppVerification {
  const own = textFindings.filter((finding) => finding.app === proof.name || finding.app === null);
  const redirected = proof.ipv4 === 'ok' || proof.ipv6 === 'ok';
  const packets = (['ipv4', 'ipv6'] as const)
    .filter((family) => proof[family] === 'failed')
    .map((family) => ({
      what: 'a real packet did not take the expected path',
      where: `packets/${family}`,
      expected: 'redirected to the sidecar',
      found: familyDetails(proof, family).join('; '),
    }));
  const counters = redirected ? (moved > 0 ? 'ok' : 'unmoved') : 'skipped';
  const calls =
    inbound?.result === 'failed'
      ? [
          {
            what: 'a call from outside did not take the expected path',
            where: 'packets/inbound',
            expected: 'redirected to the sidecar',
            found: inbound.detail ?? '',
          },
        ]
      : [];
  const findings = [...own.map(withoutApp), ...packets, ...calls, ...others.filter((one) => one !== undefined)];
  return {
    name: proof.name,
    text: own.length > 0 ? 'drift' : 'ok',
    counters,
    packets: { ipv4: proof.ipv4, ipv6: proof.ipv6 },
    ...(inbound === undefined ? {} : { inbound }),
    findings,
  };
}

function withoutApp({ what, where, expected, found }: Finding): VerifyFinding {
  return { what, where, expected, found };
}

/** The part of the proof about one family; all of it when the proof does not separate families. */
function familyDetails({ details }: AppProof, family: 'ipv4' | 'ipv6'): readonly string[] {
  const own = details.filter((detail) => detail.includes(family === 'ipv4' ? 'IPv4' : 'IPv6'));
  return own.length > 0 ? own : details;
}

/** One whose packets were not tried. */
function offVerification(name: string, findings: readonly VerifyFinding[]): AppVerification {
  const text = findings.length > 0 ? 'drift' : 'ok';
  return { name, text, counters: 'skipped', packets: { ipv4: 'skipped', ipv6: 'skipped' }, findings };
}

/** Why an application that is off may be diverted all the same; empty for one that should be on. */
function offFindings(app: KnownApp, policy: InstalledPolicy | null): readonly VerifyFinding[] {
  const damage = switchDamage(app, policy).map(withoutApp);
  const why = whyStillDiverted(app);
  if (damage.length > 0 || why === null) return damage;
  const found = `rules of ${app.name} without a switch`;
  return [{ what: why, where: `rules/${app.name}`, expected: NOTHING, found }];
}

/** Who asks for the proof of an application that is off shall not take the answer for one. */
function saidOff(name: string, app: KnownApp | undefined, findings: readonly VerifyFinding[]): string[] {
  if (app?.desired === 'on' || findings.length > 0) return [];
  const why = app?.reason == null ? '' : ` (${app.reason})`;
  return [`${name} is off${why}: no rule diverts it, and none of its packets were tried`];
}

/** Packets that the redirects of these applications counted so far. */
function countersOf({ policy }: InstalledPolicy, names: readonly string[], rulesets: readonly Ruleset[]) {
  const asked = new Set(names);
  const packets = redirectPackets(rulesets);
  return new Map(
    policy.apps
      .filter(({ name }) => asked.has(name))
      .map((app) => [
        app.name,
        packets(divertedDirections(app).map((direction) => encodeMark({ slot: app.slot, direction }))),
      ]),
  );
}

/** Rules of ours in a back end that is not the remembered one. */
function leftovers(situation: Situation): string[] {
  return [...situation.installed].flatMap(([backend, rules]) =>
    backend !== situation.backend && holdsRules(rules)
      ? [`${backend} holds rules of weir as well; \`weir uninstall\` removes both`]
      : [],
  );
}
