import type { MeshConfig } from '../config/mesh-config.ts';
import { directedPolicies } from '../intercept/app-policy.ts';
import type { Finding } from '../intercept/findings.ts';
import { redirectPackets } from '../intercept/redirect-counter.ts';
import type { Ruleset } from '../intercept/ruleset.ts';
import { appNames, unknownApp } from './app-names.ts';
import type { InterceptHost } from './host.ts';
import { type InstalledPolicy, installedPolicy } from './installed-policy.ts';
import type { Backend } from './ports.ts';
import { type AppProof, type FamilyProof, proveByPackets } from './prove.ts';
import { holdsRules, readSituation, type Situation } from './situation.ts';
import { isDiverted } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';

/** One difference, in words. */
export type VerifyFinding = Pick<Finding, 'what' | 'where' | 'expected' | 'found'>;

/** The proof of one application in three depths. */
export interface AppVerification {
  readonly name: string;
  readonly text: 'ok' | 'drift';
  /** `unmoved`: probes were redirected and no counter moved; `skipped`: no probe could be sent. */
  readonly counters: 'ok' | 'unmoved' | 'skipped';
  readonly packets: { readonly ipv4: FamilyProof; readonly ipv6: FamilyProof };
  readonly findings: readonly VerifyFinding[];
}

/** All of it; `passed` is false when anything differs. */
export interface Verification {
  readonly backend: Backend | null;
  readonly apps: readonly AppVerification[];
  readonly passed: boolean;
}

/**
 * Proves each application that should be on: the text of the rules and their order, counters, and real packets, a
 * family at a time. Without names, all that should be on.
 * @throws WeirError exit 2 (unknown application)
 */
export async function verifyApps(
  host: InterceptHost,
  config: MeshConfig | null,
  names: readonly string[],
): Promise<Warned<Verification>> {
  const situation = await readSituation(host, 'every');
  const known = appNames(config, situation);
  for (const name of names) if (!known.includes(name)) throw unknownApp(name, known, config?.file ?? 'this host');
  const chosen =
    names.length > 0
      ? [...names]
      : [...situation.apps.values()].filter((app) => app.desired === 'on').map((app) => app.name);
  const warnings = situation.storeProblem === null ? [] : [situation.storeProblem];
  warnings.push(...leftovers(situation));
  const policy = installedPolicy(situation, host.clock.now());
  if (policy === null || situation.backend === null) {
    if (chosen.length === 0) warnings.push('nothing is on');
    return { result: { backend: situation.backend, apps: chosen.map(offVerification), passed: true }, warnings };
  }
  const textFindings = policy.findings;
  const on = chosen.filter((name) => policy.policy.apps.some((app) => app.name === name && isDiverted(app)));
  const before = countersOf(policy, policy.found);
  const proofs = await proveByPackets(host, policy.policy, on);
  const after = countersOf(policy, (await host.firewall(situation.backend).read()).rulesets);
  warnings.push(
    ...proofs.filter((proof) => proof.ipv4 !== 'failed' && proof.ipv6 !== 'failed').flatMap((proof) => proof.details),
  );
  const apps = chosen.map((name) => {
    const proof = proofs.find((one) => one.name === name);
    if (proof === undefined) {
      // Only the kernel knows it: it diverts by rules that cannot be compiled again.
      const isOn = situation.apps.get(name)?.desired === 'on';
      return isOn ? driftedVerification(name, textFindings) : offVerification(name);
    }
    return appVerification(proof, textFindings, (after.get(name) ?? 0) - (before.get(name) ?? 0));
  });
  if (chosen.length === 0) warnings.push('nothing is on');
  // Rules that nobody asked for matter also when no application is on.
  const stray = on.length === 0 ? textFindings : [];
  warnings.push(...stray.map((finding) => `${finding.where}: ${finding.what}`));
  const passed = apps.every((app) => app.findings.length === 0 && app.counters !== 'unmoved') && stray.length === 0;
  return { result: { backend: situation.backend, apps, passed }, warnings };
}

function appVerification(proof: AppProof, textFindings: readonly Finding[], moved: number): AppVerification {
  const own = textFindings.filter((finding) => finding.app === proof.name || finding.app === null);
  const redirected = proof.ipv4 === 'ok' || proof.ipv6 === 'ok';
  const packets = (['ipv4', 'ipv6'] as const)
    .filter((family) => proof[family] === 'failed')
    .map((family) => ({
      what: 'a real packet was not treated as it should be',
      where: `packets/${family}`,
      expected: 'redirected to the sidecar',
      found: familyDetails(proof, family).join('; '),
    }));
  const counters = redirected ? (moved > 0 ? 'ok' : 'unmoved') : 'skipped';
  const findings = [...own.map(withoutApp), ...packets];
  return {
    name: proof.name,
    text: own.length > 0 ? 'drift' : 'ok',
    counters,
    packets: { ipv4: proof.ipv4, ipv6: proof.ipv6 },
    findings,
  };
}

function driftedVerification(name: string, findings: readonly Finding[]): AppVerification {
  return { ...offVerification(name), text: 'drift', findings: findings.map(withoutApp) };
}

function withoutApp({ what, where, expected, found }: Finding): VerifyFinding {
  return { what, where, expected, found };
}

/** What the proof says of one family; all of it where it does not tell them apart. */
function familyDetails({ details }: AppProof, family: 'ipv4' | 'ipv6'): readonly string[] {
  const own = details.filter((detail) => detail.includes(family === 'ipv4' ? 'IPv4' : 'IPv6'));
  return own.length > 0 ? own : details;
}

function offVerification(name: string): AppVerification {
  return { name, text: 'ok', counters: 'skipped', packets: { ipv4: 'skipped', ipv6: 'skipped' }, findings: [] };
}

function countersOf({ policy }: InstalledPolicy, rulesets: readonly Ruleset[]): Map<string, number> {
  return new Map(
    policy.apps.map((app) => {
      const marks = directedPolicies(app, policy).map((one) => one.mark);
      return [app.name, redirectPackets(rulesets, marks)];
    }),
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
