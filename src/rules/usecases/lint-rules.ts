/** The use case of `weir rules lint`. */
import { WeirError } from '../../errors/weir-error.ts';
import { DIAGNOSTICS, type DiagnosticCode } from '../diagnostics/catalogue.ts';
import { type LintFinding, lintMeshRule } from '../lint/mesh-lint.ts';
import { requireMeshRule } from '../read/foreign-document.ts';
import { sarifLog } from '../report/sarif.ts';
import { type UnusableFile, unusableFile } from '../report/unusable-files.ts';
import type { RuleFiles } from './ports.ts';
import { ruleTexts } from './rule-texts.ts';

/** `result` of `weir rules lint --json`. */
export interface LintResult {
  readonly files: readonly { readonly path: string; readonly findings: readonly LintFinding[] }[];
  readonly errors: readonly UnusableFile[];
  readonly totals: { readonly files: number; readonly errors: number; readonly warnings: number };
}

/** Looks for traps in mesh rules; a file that cannot be read stops no other. */
export async function lintRules(
  request: {
    readonly paths: readonly string[];
    readonly sarif?: string | undefined;
    readonly encoding?: string | undefined;
  },
  ports: {
    readonly files: RuleFiles;
    readonly weirVersion: string;
    readonly warn?: (warning: string) => void;
  },
): Promise<LintResult> {
  const files: LintResult['files'][number][] = [];
  const listing = await ports.files.list(request.paths);
  const unread: { readonly error: WeirError; readonly path?: string }[] = listing.errors.map((error) => ({ error }));
  for (const warning of listing.warnings) ports.warn?.(warning);
  for await (const { script, text: read } of ruleTexts(ports.files, listing.files, request.encoding)) {
    const { path } = script;
    try {
      const text = read();
      requireMeshRule(path, text);
      files.push({ path, findings: lintMeshRule(text) });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      unread.push({ error, path });
    }
  }
  if (request.sarif !== undefined) {
    const logged = files.map(({ path, findings }) => ({
      path,
      sha256: '',
      diagnostics: findings.map((one) => ({ ...one, rule: null, endLine: one.line, endColumn: one.column, frame: '' })),
    }));
    const errors = unread.map(({ error }) => error);
    await ports.files.write(request.sarif, sarifLog(logged, ports.weirVersion, errors));
  }
  const level = (code: DiagnosticCode): string => DIAGNOSTICS[code].level;
  const all = files.flatMap((file) => file.findings);
  const count = (wanted: string): number => all.filter((one) => level(one.code) === wanted).length;
  const errors = unread.map(({ error, path }) => unusableFile(error, path));
  return { files, errors, totals: { files: files.length, errors: count('error'), warnings: count('warning') } };
}
