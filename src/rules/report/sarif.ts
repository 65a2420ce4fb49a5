/** The findings of a conversion as SARIF 2.1.0, for code review tools. */
import type { WeirError } from '../../errors/weir-error.ts';
import { DIAGNOSTICS, type DiagnosticCode } from '../diagnostics/catalogue.ts';
import type { ScriptDiagnostic } from './script-result.ts';

/** The findings of one file for a SARIF log. Their fingerprints survive moved lines. */
export interface SarifFile {
  readonly path: string;
  readonly sha256: string;
  readonly diagnostics: readonly ScriptDiagnostic[];
  /** Result of each rule, by its id. */
  readonly states?: ReadonlyMap<string, string>;
}

/** A SARIF 2.1.0 log (OASIS) as text; deterministic, rules and results in order of id and place. */
export function sarifLog(files: readonly SarifFile[], version: string, errors: readonly WeirError[] = []): string {
  const used = [...new Set(files.flatMap((file) => file.diagnostics.map((one) => one.code)))].sort();
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'weir', version, rules: used.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          { executionSuccessful: errors.length === 0, toolExecutionNotifications: errors.map(notificationOf) },
        ],
        results: files.flatMap((file) => file.diagnostics.map((one) => resultOf(file, one, used))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

// A file that could not be read has no result: it is a notification of the run.
function notificationOf({ code, what, why, location }: WeirError): object {
  const at = location === undefined ? [] : [location];
  return {
    descriptor: { id: code },
    level: 'error',
    message: { text: `${what}: ${why}` },
    locations: at.map(({ file, line, column }) => ({
      physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column } },
    })),
  };
}

function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function ruleOf(code: DiagnosticCode): object {
  const { title, why, instead, level } = DIAGNOSTICS[code];
  return {
    id: code,
    name: code,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: instead },
    defaultConfiguration: { level },
  };
}

function resultOf(file: SarifFile, one: ScriptDiagnostic, used: readonly DiagnosticCode[]): object {
  return {
    ruleId: one.code,
    ruleIndex: used.indexOf(one.code),
    level: DIAGNOSTICS[one.code].level,
    message: { text: one.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file.path) },
          region: {
            startLine: one.line,
            startColumn: one.column,
            endLine: Math.max(one.endLine, one.line),
            endColumn: one.endLine > one.line ? one.endColumn : Math.max(one.endColumn, one.column),
          },
        },
      },
    ],
    ...(one.rule === null ? {} : { properties: { rule: one.rule, state: file.states?.get(one.rule) } }),
    partialFingerprints: { 'weirRule/v1': `${file.sha256.slice(0, 16)}:${one.rule ?? '-'}:${one.code}` },
  };
}
