/** The use case of `weir rules lint`. */
import { WeirError } from '../../errors/weir-error.ts';
import { DIAGNOSTICS, type DiagnosticCode } from '../diagnostics/catalogue.ts';
import { type LintFinding, lintMeshRule } from '../lint/mesh-lint.ts';
import { sarifLog } from '../report/sarif.ts';
import type { RuleFiles } from './ports.ts';

/** `result` of `weir rules lint --json`. */
export interface LintResult {
  readonly files: readonly { readonly path: string; readonly findings: readonly LintFinding[] }[];
  readonly errors: readonly {
    readonly code: string;
    readonly path: string;
    readonly what: string;
    readonly why: string;
  }[];
  readonly totals: { readonly files: number; readonly errors: number; readonly warnings: number };
}

/** Looks for traps in mesh rules; a file that cannot be read stops no other. */
export async function lintRules(
  request: {
    readonly paths: readonly string[];
    readonly sarif?: string | undefined;
    readonly encoding?: string | undefined;
  },
  ports: { readonly files: RuleFiles; readonly weirVersion: string },
): Promise<LintResult> {
  const files: LintResult['files'][number][] = [];
  const errors: LintResult['errors'][number][] = [];
  const listing = await ports.files.list(request.paths);
  for (const { code, what, why, location } of listing.errors)
    errors.push({ code, path: location?.file ?? '', what, why });
  for (const { path } of listing.files) {
    try {
      files.push({ path, findings: lintMeshRule(await ports.files.read(path, request.encoding)) });
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      errors.push({ code: error.code, path, what: error.message, why: error.why });
    }
  }
  if (request.sarif !== undefined) {
    const logged = files.map(({ path, findings }) => ({
      path,
      sha256: '',
      diagnostics: findings.map((one) => ({ ...one, rule: null, endLine: one.line, endColumn: one.column, frame: '' })),
    }));
    await ports.files.write(request.sarif, sarifLog(logged, ports.weirVersion));
  }
  const level = (code: DiagnosticCode): string => DIAGNOSTICS[code].level;
  const all = files.flatMap((file) => file.findings);
  const count = (wanted: string): number => all.filter((one) => level(one.code) === wanted).length;
  return { files, errors, totals: { files: files.length, errors: count('error'), warnings: count('warning') } };
}
