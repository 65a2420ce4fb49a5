/** The bug report: a private file about an error that no author of weir expected. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

/** The context of a bug report besides the error itself. */
export interface BugReportContext {
  readonly argv: readonly string[];
  readonly weirVersion: string;
}

/**
 * Writes a bug report into a new private folder and returns the file's path. Returns undefined when the file system
 * refuses: a failing report must not hide the error. The report holds no environment and no file contents.
 */
export function writeBugReport(error: unknown, context: BugReportContext): string | undefined {
  const report = [
    `weir ${context.weirVersion}, node ${process.versions.node}, ${process.platform} ${process.arch} ${release()}`,
    `time: ${new Date().toISOString()}`,
    `uid: ${process.getuid?.() ?? 'unknown'}`,
    `argv: ${JSON.stringify(context.argv)}`,
    '',
    inspect(error, { depth: 5 }),
    '',
  ];
  try {
    const file = join(mkdtempSync(join(tmpdir(), 'weir-report-')), 'report.txt');
    writeFileSync(file, report.join('\n'), { mode: 0o600 });
    return file;
  } catch {
    return undefined;
  }
}
