/** The use case of `weir rules convert`. */
import { basename, dirname, join, resolve } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { AcceptList, parseAcceptFile } from '../accept-list.ts';
import { convertPlan, OBJECTIONS } from '../convert-plan.ts';
import { DIAGNOSTICS } from '../diagnostics/catalogue.ts';
import { collectDiagnostics, placedDiagnostic } from '../report/collect-diagnostics.ts';
import { type ConversionJson, conversionJson } from '../report/conversion-json.ts';
import { markdownReport } from '../report/markdown-report.ts';
import { sarifLog } from '../report/sarif.ts';
import type { ScriptResult } from '../report/script-result.ts';
import { targetVersion } from '../targets/lower.ts';
import type { TargetName } from '../targets/target.ts';
import { type WhenEmpty, whenEmptyLine } from '../targets/when-empty.ts';
import { bugReport, confirmPlan } from './confirm-plan.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { markJoint } from './joint-rules.ts';
import { type OutputFile, outputFiles } from './output-files.ts';
import { MANIFEST_NAME, OutputManifest } from './output-manifest.ts';
import { planRuleFile } from './plan-rule-file.ts';
import type { Estate, PlannedRule, RuleFilePath, RuleFiles, ScriptOracle } from './ports.ts';
import { ruleTexts } from './rule-texts.ts';
import { scriptNames } from './script-names.ts';
import { type Claim, sharedNode } from './shared-nodes.ts';

/** The request of `weir rules convert`. */
export interface ConvertRequest extends EstateFlags {
  readonly paths: readonly string[];
  readonly out: string;
  readonly target: TargetName;
  readonly targetVersion?: string | undefined;
  readonly accept?: string | undefined;
  readonly report?: string | undefined;
  readonly sarif?: string | undefined;
  /** The meaning of an empty group where the target cannot express the script's own. */
  readonly whenEmpty?: WhenEmpty | undefined;
  /** Encoding of the rule files, UTF-8 if omitted. */
  readonly encoding?: string | undefined;
  readonly check: boolean;
}

/** The ports of `weir rules convert`. */
export interface ConvertPorts {
  readonly files: RuleFiles;
  /** Today as a date, for the accept file. */
  readonly today: string;
  readonly weirVersion: string;
  readonly frame: (line: string, lineNumber: number, column: number, length: number) => string;
  readonly progress: (line: string) => void;
  /** A real Groovy that is asked about every cell; none if omitted. */
  readonly oracle?: ScriptOracle | undefined;
}

/** The result of a run; `errors` are files that could not be read or planned. */
export interface ConvertOutcome {
  readonly json: ConversionJson & { readonly stale: readonly string[] };
  readonly results: readonly ScriptResult[];
  readonly errors: readonly WeirError[];
  readonly warnings: readonly string[];
  /** Which parts of the estate the flags gave. */
  readonly given: { readonly services: boolean; readonly providers: boolean };
  /** Calls that were put to the real engine. */
  readonly askedEngine: number;
  /** 0 all exact or noted, 1 something that was not accepted, or stale files with --check. */
  readonly exit: 0 | 1;
}

const PROGRESS_EVERY = 200;
/** So many scripts have their files written at once. */
const PUT_TOGETHER = 32;
/** File in the output folder with what to report when the real engine does something else. */
const BUG_REPORT = 'weir-bug-report.md';

/**
 * Converts files to the documents of a target. A file that cannot be used stops no other; nothing is written for it.
 * Throws WeirError for flags that make no sense and for an output folder that cannot be written.
 */
export async function convertRules(request: ConvertRequest, ports: ConvertPorts): Promise<ConvertOutcome> {
  const { files } = ports;
  const version = targetVersion(request.target, request.targetVersion);
  const estate = await readEstate(files, request);
  const accepts =
    request.accept === undefined
      ? new AcceptList([], ports.today)
      : parseAcceptFile(await files.read(request.accept), request.accept, ports.today);
  await requireReports(request, files);
  const manifest = await OutputManifest.read(files, request.out);
  const listing = await files.list(request.paths, request.out);
  const names = scriptNames(listing.files.map(({ name }) => name));
  const found: (Claim & { readonly result: ScriptResult; readonly frame: string })[] = [];
  const errors: WeirError[] = [...listing.errors];
  const stale: string[] = [];
  const put = async (name: string, text: string | null): Promise<void> => {
    const full = join(request.out, name);
    if (request.check) {
      if ((await files.readIfPresent(full)) !== text) stale.push(name);
    } else if (text === null) await files.remove(full);
    else await files.write(full, text);
  };
  const engine = { asked: 0, reports: [] as string[], warnings: [] as string[] };
  let done = 0;
  const giveUp = (script: RuleFilePath, error: unknown): void => {
    if (!(error instanceof WeirError) || error.code === 'WEIR5021') throw error;
    manifest.kept(script);
    errors.push(error);
  };
  const read: { readonly script: RuleFilePath; readonly name: string; readonly planned: PlannedRule }[] = [];
  for await (const { script, text } of ruleTexts(files, listing.files, request.encoding)) {
    try {
      const plain = planRuleFile(script.path, text(), estate);
      const planned = await confirmed(plain, script, estate, ports, engine);
      read.push({ script, name: script.name, planned });
    } catch (error) {
      giveUp(script, error);
    }
    done += 1;
    if (done % PROGRESS_EVERY === 0) ports.progress(`${done} of ${listing.files.length} files`);
  }
  const waiting: { readonly script: RuleFilePath; readonly outputs: readonly OutputFile[] }[] = [];
  const putWaiting = async (): Promise<void> => {
    for (const { script, outputs } of waiting.splice(0)) {
      try {
        for (const file of outputs) await put(file.name, file.text);
      } catch (error) {
        giveUp(script, error);
      }
    }
  };
  for (const [at, planned] of markJoint(read).entries()) {
    const script = read[at]?.script;
    if (script === undefined) continue;
    try {
      const name = names.get(script.name) ?? 'rule';
      const { result, outputs } = convertScript(planned, { script, name, version, request, estate, accepts }, ports);
      const { node } = planned;
      const frame = node === null ? '' : ports.frame(planned.lineText(node.line), node.line, 1, 3);
      found.push({ name: script.name, node, result, frame });
      manifest.wrote(script, request.target, result.outputs);
      waiting.push({ script, outputs });
    } catch (error) {
      giveUp(script, error);
    }
    if (waiting.length >= PUT_TOGETHER) await files.together(putWaiting);
  }
  await files.together(putWaiting);
  const results = found.map(({ result, frame, node }) => {
    const diagnostics = [...sharedNode(node, found).map((one) => ({ ...one, frame })), ...result.diagnostics];
    return { ...result, diagnostics };
  });
  for (const orphan of await manifest.orphans(files)) await put(orphan, null);
  await put(MANIFEST_NAME, manifest.text());
  if (!request.check && engine.reports.length > 0)
    await files.write(join(request.out, BUG_REPORT), `# Differences from real engines\n\n${engine.reports.join('\n')}`);
  await writeReports(request, results, errors, ports);
  const open = results.filter((result) => !isAccepted(result, accepts));
  const json = { ...conversionJson(results, request.target), stale };
  const exit = open.length > 0 || stale.length > 0 ? 1 : 0;
  const given = { services: estate.services.length > 0, providers: estate.providers.length > 0 };
  return {
    json,
    results,
    errors,
    warnings: [...listing.warnings, ...accepts.complaints(), ...unsaid(request), ...engine.warnings],
    askedEngine: engine.asked,
    given,
    exit,
  };
}

/** The plan of a script after the real engine was asked, where there is one. */
async function confirmed(
  planned: PlannedRule,
  script: RuleFilePath,
  estate: Estate,
  ports: ConvertPorts,
  engine: { asked: number; readonly reports: string[]; readonly warnings: string[] },
): Promise<PlannedRule> {
  if (ports.oracle === undefined) return planned;
  const found = await confirmPlan(planned, estate, ports.oracle);
  engine.asked += found.asked;
  if (found.unanswered !== null) engine.warnings.push(`${script.name}: ${found.unanswered}`);
  if (found.differences.length > 0) {
    const engines = [...new Set(found.differences.map((one) => one.engine))].join(', ');
    engine.warnings.push(`${script.name}: real ${engines} does something else; ${BUG_REPORT} holds what to report`);
    engine.reports.push(bugReport(script.name, planned.script, found.differences));
  }
  return found.planned;
}

// A choice that the target has no words for.
function unsaid({ whenEmpty, target }: ConvertRequest): string[] {
  if (whenEmpty === 'deny' && target === 'dubbo-mesh') {
    return [
      '--when-empty deny changes nothing for dubbo-mesh: Dubbo cannot make a call fail, so such calls stay with the script',
    ];
  }
  if (whenEmpty === 'all' && target === 'istio') {
    return [
      '--when-empty all changes nothing for istio: it has no fallback to all providers; deny writes what it does',
    ];
  }
  return [];
}

interface ScriptRequest {
  readonly script: RuleFilePath;
  readonly name: string;
  readonly version: string;
  readonly request: ConvertRequest;
  readonly estate: Estate;
  readonly accepts: AcceptList;
}

function convertScript(
  read: PlannedRule,
  { script, name, version, request, estate, accepts }: ScriptRequest,
  ports: ConvertPorts,
): { readonly result: ScriptResult; readonly outputs: readonly OutputFile[] } {
  // Outputs know a script by its path below the input's root, wherever the run was started.
  const planned = { ...read, plan: { ...read.plan, source: { ...read.plan.source, path: script.name } } };
  const { plan } = planned;
  const lineOf = (line: number): number => planned.place(atLine(line)).line;
  const { services, providers } = estate;
  const plain = convertPlan({
    lineOf,
    whenEmpty: request.whenEmpty,
    plan,
    name,
    target: request.target,
    version,
    services,
    providers,
    accepted: accepts.codesFor(script.path),
  });
  const converted = { ...plain, rules: plain.rules.map((rule) => ({ ...rule, line: lineOf(rule.line) })) };
  const diagnostics = collectDiagnostics(plan, converted, frameFor(planned, ports)).map((one) =>
    placedDiagnostic(one, planned),
  );
  const assumed = diagnostics.filter(({ code }) => code === 'WR062').map(({ message }) => message);
  const isChosen = converted.rules.some(
    ({ findings, fidelity }) =>
      fidelity !== 'refused' && findings.some(({ code }) => code === 'WR045' || code === 'WR036'),
  );
  const chosen = request.whenEmpty !== undefined && request.whenEmpty !== 'keep' && isChosen ? [request.whenEmpty] : [];
  const remarks = [...chosen.map(whenEmptyLine).map((line) => line.slice(2)), ...assumed];
  const outputs = outputFiles({ name, target: request.target, version, plan, converted, remarks }, ports.weirVersion);
  const written = outputs.filter((file) => file.text !== null).map((file) => file.name);
  const result = { path: script.path, name, plan, target: request.target, converted, diagnostics, outputs: written };
  return { result, outputs };
}

// Before anything is written: the reports can be, and are no file of the output folder.
async function requireReports(request: ConvertRequest, files: RuleFiles): Promise<void> {
  if (request.check) return;
  const places = [request.report, request.sarif].flatMap((place) => (place === undefined ? [] : [resolve(place)]));
  const own = /\.(?:plan\.json|labels\.json|(?:dubbo-mesh|istio|envoy-dubbo|aeraki)\.yaml)$/;
  for (const place of places) {
    const isOutput = dirname(place) === resolve(request.out) && (own.test(place) || basename(place) === MANIFEST_NAME);
    if (isOutput || places[0] === places[1]) {
      throw new WeirError('WEIR5021', {
        what: `${place} cannot be a report`,
        why: isOutput ? 'it is the name of a file that the conversion writes' : '--report and --sarif name one file',
        hint: 'give each its own name; nothing was written',
      });
    }
    await files.requireWritable(place);
  }
}

async function writeReports(
  request: ConvertRequest,
  results: readonly ScriptResult[],
  errors: readonly WeirError[],
  ports: ConvertPorts,
): Promise<void> {
  if (request.check) return;
  if (request.report !== undefined) {
    const text = request.report.endsWith('.json')
      ? `${JSON.stringify(conversionJson(results, request.target), null, 2)}\n`
      : markdownReport(results, request.target);
    await ports.files.write(request.report, text);
  }
  if (request.sarif !== undefined) {
    const logged = results.map((result) => ({
      path: result.path,
      sha256: result.plan.source.sha256,
      diagnostics: result.diagnostics,
      states: new Map(result.converted.rules.map((rule) => [rule.id, rule.state])),
    }));
    await ports.files.write(request.sarif, sarifLog(logged, ports.weirVersion, errors));
  }
}

function frameFor(planned: PlannedRule, ports: ConvertPorts): Parameters<typeof collectDiagnostics>[2] {
  return (span) => {
    const { line, column, endLine, endColumn } = planned.place(span);
    const text = planned.lineText(line);
    return ports.frame(text, line, column, endLine === line ? endColumn - column : text.length - column + 1);
  };
}

function atLine(line: number): Parameters<PlannedRule['place']>[0] {
  return { offset: 0, end: 0, line, column: 1, endLine: line, endColumn: 1 };
}

// A dead or broken script, and every lossy or refused rule, needs an entry for one of its diagnostics.
function isAccepted(result: ScriptResult, accepts: AcceptList): boolean {
  let good = true;
  // An entry for what would keep the whole rule from being written was needed, though nothing is weak with it.
  for (const code of OBJECTIONS)
    if (result.plan.notes.some((note) => note.code === code)) accepts.accepts(result.path, code, null);
  if (result.plan.effect.state !== 'live') {
    const codes = result.diagnostics.filter((one) => one.rule === null).map((one) => one.code);
    good = codes.some((code) => accepts.accepts(result.path, code, null));
  }
  for (const rule of result.converted.rules) {
    const weak = rule.fidelity === 'lossy' || rule.fidelity === 'refused';
    const codes = result.diagnostics
      .filter((one) => one.rule === rule.id && DIAGNOSTICS[one.code].level !== 'note')
      .map((one) => one.code);
    if (rule.verdict === 'sampled' && rule.fidelity === 'lossy' && accepts.accepts(result.path, 'sampled', rule.id))
      continue;
    if (weak && !codes.some((code) => accepts.accepts(result.path, code, rule.id))) good = false;
  }
  return good;
}
