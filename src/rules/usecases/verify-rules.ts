/** Compares scripts with the documents that stand for them, cell by cell, and says of each rule whether it is verified. */
import { resolve } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { AcceptList, parseAcceptFile } from '../accept-list.ts';
import { convertPlan, hasNoEffect, objectionTo } from '../convert-plan.ts';
import { notProved } from '../equivalence/compare.ts';
import { OracleSample } from '../equivalence/oracle-sample.ts';
import type { RuleProof } from '../equivalence/tally.ts';
import { oddProvider } from '../plan/call-outcome.ts';
import { predicateHolds } from '../plan/evaluate-plan.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import { type UnusableFile, unusableFile } from '../report/unusable-files.ts';
import { targetVersion } from '../targets/lower.ts';
import type { TargetName } from '../targets/target.ts';
import { comparedProviders, verifyDocuments } from '../verify-documents.ts';
import { askEngine, type EngineFinding } from './ask-engine.ts';
import { confirmPlan } from './confirm-plan.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { loadRules } from './evaluate-rules.ts';
import { markJoint } from './joint-rules.ts';
import { OutputManifest } from './output-manifest.ts';
import { planRuleFile } from './plan-rule-file.ts';
import type { Estate, PlannedRule, RuleFiles, ScriptOracle } from './ports.ts';
import { ruleTexts } from './rule-texts.ts';
import { scriptNames } from './script-names.ts';

/** A rule and what was found about it; `oracle` where a real engine was asked. */
export interface VerifiedRule extends RuleProof {
  readonly line: number;
  readonly oracle?: EngineFinding;
  /** A reviewed entry covers that the rule is not verified. */
  readonly accepted: boolean;
}

/** `result` of `weir rules verify --json`. */
export interface Verification {
  readonly scripts: readonly {
    readonly path: string;
    readonly comparedCalls: number;
    readonly rules: readonly VerifiedRule[];
  }[];
  /** Rules for which script and documents (or the real engine) differ, or the engine gave no answer. */
  readonly disagreements: number;
  /** Number of rules that are neither verified nor accepted. Rules that no call reaches need neither. */
  readonly open: number;
  /** Files that could not be read or compared. */
  readonly errors: readonly UnusableFile[];
}

/** The request of `weir rules verify`. */
export interface VerifyRequest extends EstateFlags {
  readonly paths: readonly string[];
  readonly rules: string;
  readonly target: TargetName;
  readonly targetVersion?: string | undefined;
  readonly accept?: string | undefined;
  /** Encoding of the scripts, UTF-8 if omitted. */
  readonly encoding?: string | undefined;
}

/** The ports of `weir rules verify`. */
export interface VerifyPorts {
  readonly files: RuleFiles;
  readonly oracle?: ScriptOracle | undefined;
  readonly warn?: (warning: string) => void;
  /** Today as a date, for the accept file. */
  readonly today: string;
}

/**
 * Compares scripts with the documents in a folder. A file that cannot be used stops no other.
 * @throws WeirError WEIR5023 when there were no documents to verify, WEIR5022 for an accept file that is none.
 */
export async function verifyRules(request: VerifyRequest, ports: VerifyPorts): Promise<Verification> {
  const estate = await readEstate(ports.files, request);
  const accepts =
    request.accept === undefined
      ? new AcceptList([], ports.today)
      : parseAcceptFile(await ports.files.read(request.accept), request.accept, ports.today);
  const listing = await ports.files.list(request.paths, request.rules);
  for (const warning of listing.warnings) ports.warn?.(warning);
  // A file that is named alone has another path below its root than in the run that converted its folder.
  const manifest = await OutputManifest.read(ports.files, request.rules);
  const known = manifest.documentNames();
  const names = scriptNames(listing.files.map(({ name }) => name));
  const scripts: Verification['scripts'][number][] = [];
  const errors: Verification['errors'][number][] = listing.errors.map((error) => unusableFile(error));
  let documents = 0;
  const read: { readonly path: string; readonly name: string; readonly planned: PlannedRule }[] = [];
  for await (const { script, text } of ruleTexts(ports.files, listing.files, request.encoding)) {
    const { path, name } = script;
    try {
      read.push({ path, name, planned: planRuleFile(path, text(), estate) });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push(unusableFile(error, path));
    }
  }
  for (const [at, planned] of markJoint(read).entries()) {
    const { path = '', name = '' } = read[at] ?? {};
    try {
      const wanted = {
        ...request,
        source: name,
        name: known.get(resolve(path)) ?? names.get(name),
        accepted: accepts.codesFor(path),
      };
      const found = await verifyScript(planned, wanted, estate, ports);
      if (found.hasDocuments) documents += 1;
      const acceptedCodes = acceptance(planned, request, estate, accepts, path);
      const line = (id: string): number => {
        const span = planned.plan.rules.find((rule) => rule.id === id)?.span;
        return span === undefined ? 1 : planned.place(span).line;
      };
      const rules = found.rules.map((rule) => ({
        ...rule,
        line: line(rule.id),
        accepted: !isVerified(rule) && acceptedCodes(rule),
      }));
      scripts.push({ path, comparedCalls: found.comparedCalls, rules });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push(unusableFile(error, path));
    }
  }
  if (documents === 0 && errors.length === 0) {
    const isConverted = scripts.every(({ path }) => manifest.isWithoutDocuments(resolve(path)));
    throw nothingToVerify(request, isConverted ? scripts.flatMap(({ rules }) => rules) : null);
  }
  const rules = scripts.flatMap((script) => script.rules);
  return {
    scripts,
    disagreements: rules.filter((rule) => rule.disagreements.length > 0 || isOpen(rule.oracle)).length,
    open: rules.filter((rule) => !isVerified(rule) && !rule.accepted).length,
    errors,
  };
}

type ProvedRule = RuleProof & { readonly oracle?: EngineFinding };

interface ScriptFinding {
  /** There were documents to compare the script with. */
  readonly hasDocuments: boolean;
  readonly comparedCalls: number;
  readonly rules: readonly ProvedRule[];
}

interface ScriptRequest extends VerifyRequest {
  readonly source: string;
  readonly name: string | undefined;
  readonly accepted: ReadonlySet<string>;
}

async function verifyScript(
  planned: PlannedRule,
  request: ScriptRequest,
  estate: Estate,
  ports: VerifyPorts,
): Promise<ScriptFinding> {
  const { plan } = planned;
  const rules = await loadRules(ports.files, request.rules, {
    target: request.target,
    version: request.targetVersion,
    name: request.name,
    choice: 'run `weir rules convert` on this script into that folder, or name another folder with --rules',
    isSource: (source: string) => source === request.source,
  });
  if (rules.kind === 'no-rule') {
    // Without effect no rule is needed; else the script decides everything.
    const state = hasNoEffect(plan) ? ('none' as const) : ('left' as const);
    const nothing = {
      verdict: 'unverified',
      state,
      shadowedBy: [],
      cells: 0,
      reach: 'known',
      disagreements: [],
      caveats: [],
    } as const;
    const found = await claimAsked(planned, estate, state, ports);
    const left = plan.rules.map(({ id }) => ({ id, ...nothing, ...found(id) }));
    return { hasDocuments: false, comparedCalls: 0, rules: left };
  }
  const why = notComparable(plan, estate, request.accepted);
  if (why !== null) return { hasDocuments: true, comparedCalls: 0, rules: notProved(plan, why).rules };
  const sample = new OracleSample();
  const { target, accepted } = request;
  const version = targetVersion(target, request.targetVersion);
  const { services, providers } = estate;
  const wanted = { plan: asLoaded(plan), name: 'rule', target, version, services, providers, accepted };
  const report = verifyDocuments({ ...wanted, documents: rules.documents, watch: sample.watch });
  const bare = comparedProviders(wanted);
  const asked = await askEngine(planned, report.rules, { sample, providers: bare, estate }, ports);
  return { hasDocuments: true, comparedCalls: report.calls, rules: asked };
}

/** Why no document can say what a rule does; null where one can. */
function notComparable(plan: RoutePlan, { providers }: Estate, accepted: ReadonlySet<string>): string | null {
  const objection = objectionTo(plan, accepted);
  if (objection !== null) return objection.message;
  for (const assumption of plan.assumptions) {
    const odd = providers.find((provider) => predicateHolds(assumption.where, provider));
    if (odd !== undefined) return oddProvider(assumption, odd);
  }
  return null;
}

/** A rule that no Dubbo loads any more does nothing, whatever it says. */
function asLoaded(plan: RoutePlan): RoutePlan {
  if (plan.effect.state !== 'dead' || !plan.effect.reasons.some(({ code }) => code === 'WR003')) return plan;
  // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome; plans are data, never awaited
  return { ...plan, rules: plan.rules.map((rule) => ({ ...rule, then: { kind: 'all' } })) };
}

type NoDocument = Pick<ProvedRule, 'state' | 'oracle'>;

// That a script has no effect is a claim about the real engine: where it shows one, the script decides its calls.
async function claimAsked(
  planned: PlannedRule,
  estate: Estate,
  state: 'none' | 'left',
  { oracle, warn }: VerifyPorts,
): Promise<(id: string) => NoDocument> {
  if (state === 'left' || oracle === undefined) return () => ({ state });
  const { differences, unanswered, asked } = await confirmPlan(planned, estate, oracle);
  if (unanswered !== null) warn?.(`${planned.plan.source.path}: ${unanswered}`);
  return (id) => {
    const own = differences.filter(({ rule }) => rule === id);
    if (own.length === 0 && unanswered === null) return { state };
    const finding = { asked, equal: 0, differences: own.slice(0, 3), unanswered };
    return { state: own.length > 0 ? 'left' : state, oracle: finding };
  };
}

/** Whether a rule needs nothing more: it is proved on all its calls, or no call reaches it. */
export function isVerified({ state, verdict, disagreements, oracle }: ProvedRule): boolean {
  if (disagreements.length > 0 || isOpen(oracle)) return false;
  return state === 'none' || (state === 'converted' && (verdict === 'proved' || verdict === 'proved+oracle'));
}

// Reviewed entries name the diagnostics of a conversion: it is made again to see which ones a rule has.
function acceptance(
  { plan }: PlannedRule,
  request: VerifyRequest,
  { services, providers }: Estate,
  accepts: AcceptList,
  path: string,
): (rule: ProvedRule) => boolean {
  if (request.accept === undefined) return () => false;
  const { target } = request;
  const version = targetVersion(target, request.targetVersion);
  const accepted = accepts.codesFor(path);
  const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted });
  return (rule) => {
    if (rule.disagreements.length > 0 || isOpen(rule.oracle)) return false;
    const codes = converted.rules.find((one) => one.id === rule.id)?.findings.map((finding) => finding.code) ?? [];
    const wanted = rule.verdict === 'sampled' ? ['sampled', ...codes] : codes;
    return wanted.some((code) => accepts.accepts(path, code, rule.id));
  };
}

/** `converted` are the rules of scripts that were all converted into the folder without a document; null where some were not. */
function nothingToVerify({ rules, target }: VerifyRequest, converted: readonly VerifiedRule[] | null): WeirError {
  const what = `there were no documents to verify in ${rules}`;
  if (converted !== null) {
    const left = converted.some(({ state }) => state === 'left');
    return new WeirError('WEIR5023', {
      what,
      why: left
        ? 'the scripts were converted there, and no document came of them: what they do stays with them'
        : 'the scripts were converted there, and no document came of them: they need none, since they have no effect',
      hint: '`weir rules inspect` says why of each script; nothing was verified',
    });
  }
  return new WeirError('WEIR5023', {
    what,
    why: `none of the scripts has documents for ${target} there`,
    hint: 'run `weir rules convert` into that folder first, for the same --target; nothing was verified',
  });
}

// Asked and not answered is as open a question as a difference.
function isOpen(finding: EngineFinding | undefined): boolean {
  return finding !== undefined && (finding.differences.length > 0 || finding.unanswered !== null);
}
