import type { Verification } from '../usecases/verify-apps.ts';
import type { Paint } from './paint.ts';
import { alignColumns } from './table.ts';

/** The proof in three depths, an application a line, each finding below it. */
export function verifyText(result: Verification, paint: Paint): string {
  if (result.apps.length === 0) return 'nothing is on';
  const word = (value: string): string => {
    if (value === 'ok') return paint.good(value);
    return value === 'skipped' ? paint.faint(value) : paint.bad(value);
  };
  const header = ['APP', 'TEXT', 'COUNTERS', 'IPV4', 'IPV6'].map((title) => paint.faint(title));
  const rows = result.apps.map((app) => [
    paint.strong(app.name),
    word(app.text),
    word(app.counters),
    word(app.packets.ipv4),
    word(app.packets.ipv6),
  ]);
  const [head = '', ...body] = alignColumns([header, ...rows]);
  const lines = [head];
  for (const [index, line] of body.entries()) {
    lines.push(line);
    for (const finding of result.apps[index]?.findings ?? []) {
      lines.push(`  ${paint.caution(finding.where)}: ${finding.what}`);
      lines.push(`    expected  ${finding.expected}`, `    found     ${finding.found}`);
    }
  }
  if (!result.passed) lines.push('', 'put it right: `weir on APP`   (or get out of it: `weir off APP`)');
  return lines.join('\n');
}
