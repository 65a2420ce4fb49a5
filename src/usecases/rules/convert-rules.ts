import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { AcceptList, parseAcceptFile } from '../../routing/accept-list.ts';
import { convertPlan } from '../../routing/convert-plan.ts';
import { DIAGNOSTICS } from '../../routing/diagnostics/catalogue.ts';
import { collectDiagnostics } from '../../routing/report/collect-diagnostics.ts';
import { type ConversionJson, conversionJson } from '../../routing/report/conversion-json.ts';
import { markdownReport } from '../../routing/report/markdown-report.ts';
import { sarifLog } from '../../routing/report/sarif.ts';
import type { ScriptResult } from '../../routing/report/script-result.ts';
import { targetVersion } from '../../routing/targets/lower.ts';
import type { TargetName } from '../../routing/targets/target.ts';
import { type EstateFlags, readEstate } from './estate.ts';
import { outputFiles } from './output-files.ts';
import type { PlannedRule, PlanRuleFile, RuleFiles } from './ports.ts';
import { scriptNames } from './script-names.ts';

/** What `weir rules convert` is asked for. */
export interface ConvertRequest extends EstateFlags {
  readonly paths: readonly string[];
  readonly out: string;
  readonly target: TargetName;
  readonly targetVersion?: string | undefined;
  readonly accept?: string | undefined;
  readonly report?: string | undefined;
  readonly sarif?: string | undefined;
  readonly check: boolean;
}

/** What the use case works with. */
export interface ConvertPorts {
  readonly files: RuleFiles;
  readonly plan: PlanRuleFile;
  /** Today as a date, for the accept file. */
  readonly today: string;
  readonly weirVersion: string;
  readonly frame: (line: string, lineNumber: number, column: number, length: number) => string;
  readonly progress: (line: string) => void;
}

/** The result of a run; `errors` are files that could not be read or planned. */
export interface ConvertOutcome {
  readonly json: ConversionJson & { readonly stale: readonly string[] };
  readonly results: readonly ScriptResult[];
  readonly errors: readonly WeirError[];
  readonly warnings: readonly string[];
  /** 0 all exact or noted, 1 something that was not accepted, or stale files with --check. */
  readonly exit: 0 | 1;
}

const PROGRESS_EVERY = 200;

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
  const paths = await files.list(request.paths);
  const names = scriptNames(paths);
  const results: ScriptResult[] = [];
  const errors: WeirError[] = [];
  const stale: string[] = [];
  let done = 0;
  for (const path of paths) {
    try {
      const planned = ports.plan(path, await files.read(path), estate);
      const name = names.get(path) ?? 'rule';
      const plain = convertPlan({
        plan: planned.plan,
        name,
        target: request.target,
        version,
        services: estate.services,
        providers: estate.providers,
        accepted: accepts.codesFor(path),
      });
      const lineOf = (line: number): number => planned.place(atLine(line)).line;
      const converted = { ...plain, rules: plain.rules.map((rule) => ({ ...rule, line: lineOf(rule.line) })) };
      const outputs = outputFiles(
        { name, target: request.target, version, plan: planned.plan, converted },
        ports.weirVersion,
      );
      const diagnostics = collectDiagnostics(planned.plan, converted, frameFor(planned, ports)).map((one) =>
        placed(one, planned),
      );
      const written = outputs.filter((file) => file.text !== null).map((file) => file.name);
      results.push({
        path,
        name,
        plan: planned.plan,
        target: request.target,
        converted,
        diagnostics,
        outputs: written,
      });
      for (const file of outputs) {
        const full = join(request.out, file.name);
        if (request.check) {
          if ((await files.readIfPresent(full)) !== file.text) stale.push(file.name);
        } else if (file.text === null) await files.remove(full);
        else await files.write(full, file.text);
      }
    } catch (error) {
      if (!(error instanceof WeirError) || error.code === 'WEIR5021') throw error;
      errors.push(error);
    }
    done += 1;
    if (done % PROGRESS_EVERY === 0) ports.progress(`${done} of ${paths.length} files`);
  }
  await writeReports(request, results, ports);
  const open = results.filter((result) => !isAccepted(result, accepts));
  const json = { ...conversionJson(results, request.target), stale };
  const exit = open.length > 0 || stale.length > 0 ? 1 : 0;
  return { json, results, errors, warnings: accepts.complaints(), exit };
}

async function writeReports(
  request: ConvertRequest,
  results: readonly ScriptResult[],
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
    }));
    await ports.files.write(request.sarif, sarifLog(logged, ports.weirVersion));
  }
}

function frameFor(planned: PlannedRule, ports: ConvertPorts): Parameters<typeof collectDiagnostics>[2] {
  return (span) => {
    const { line, column, endLine, endColumn } = planned.place(span);
    const text = planned.lineText(line);
    return ports.frame(text, line, column, endLine === line ? endColumn - column : text.length - column + 1);
  };
}

function placed(one: ScriptResult['diagnostics'][number], planned: PlannedRule): ScriptResult['diagnostics'][number] {
  const { line, column, endLine, endColumn } = planned.place({ offset: 0, end: 0, ...one });
  return { ...one, line, column, endLine, endColumn };
}

function atLine(line: number): Parameters<PlannedRule['place']>[0] {
  return { offset: 0, end: 0, line, column: 1, endLine: line, endColumn: 1 };
}

// A dead or broken script, and every lossy or refused rule, needs an entry for one of its diagnostics.
function isAccepted(result: ScriptResult, accepts: AcceptList): boolean {
  let good = true;
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
