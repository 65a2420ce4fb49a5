import { DIAGNOSTICS, type DiagnosticCode } from '../diagnostics/catalogue.ts';
import type { ScriptDiagnostic } from './script-result.ts';

/** What a SARIF log is made of: the diagnostics of each file, with a fingerprint that survives moved lines. */
export interface SarifFile {
  readonly path: string;
  readonly sha256: string;
  readonly diagnostics: readonly ScriptDiagnostic[];
}

/** A SARIF 2.1.0 log (OASIS) as text; deterministic, rules and results in order of id and place. */
export function sarifLog(files: readonly SarifFile[], version: string): string {
  const used = [...new Set(files.flatMap((file) => file.diagnostics.map((one) => one.code)))].sort();
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'weir', version, rules: used.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: files.flatMap((file) => file.diagnostics.map((one) => resultOf(file, one, used))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
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
          artifactLocation: { uri: file.path.split('/').map(encodeURIComponent).join('/') },
          region: {
            startLine: one.line,
            startColumn: one.column,
            endLine: Math.max(one.endLine, one.line),
            endColumn: one.endLine > one.line ? one.endColumn : Math.max(one.endColumn, one.column),
          },
        },
      },
    ],
    partialFingerprints: { 'weirRule/v1': `${file.sha256.slice(0, 16)}:${one.rule ?? '-'}:${one.code}` },
  };
}
