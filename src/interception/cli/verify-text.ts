/** The result of `weir verify` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { wrapText } from '../../cli/wrap-text.ts';
import { SIDECAR_PLACE, type VerifiedApps, type VerifyFinding } from '../verify-apps.ts';

/** The proof in three depths, an application a line, each finding below it, lines of prose at most `columns` wide. */
export function verifyText(result: VerifiedApps, paint: Paint, columns = Number.POSITIVE_INFINITY): string {
  if (result.apps.length === 0) return 'nothing is on';
  const word = (value: string): string => {
    if (value === 'ok') return paint.good(value);
    if (value === 'not proven') return paint.caution(value);
    return value === 'skipped' || value === '-' ? paint.faint(value) : paint.bad(value);
  };
  const hasInbound = result.apps.some(({ inbound }) => inbound !== undefined);
  const titles = ['APP', 'TEXT', 'COUNTERS', 'IPV4', 'IPV6', ...(hasInbound ? ['INBOUND'] : [])];
  const header = titles.map((title) => paint.faint(title));
  const rows = result.apps.map((app) => [
    paint.strong(app.name),
    word(app.text),
    word(app.counters),
    word(app.packets.ipv4),
    word(app.packets.ipv6),
    ...(hasInbound ? [word(app.inbound?.result ?? '-')] : []),
  ]);
  const [head = '', ...body] = alignColumns([header, ...rows]);
  const lines = [head];
  for (const [index, line] of body.entries()) {
    lines.push(line);
    const inbound = result.apps[index]?.inbound;
    if (inbound?.result === 'not proven') lines.push(...setIn('  inbound not proven: ', inbound.detail ?? '', columns));
    for (const finding of result.apps[index]?.findings ?? []) {
      lines.push(...setIn('  ', `${paint.caution(finding.where)}: ${finding.what}`, columns));
      lines.push(
        ...setIn('    expected  ', finding.expected, columns),
        ...setIn('    found     ', finding.found, columns),
      );
    }
  }
  const wrong = result.apps.filter((app) => app.findings.length > 0 || app.counters === 'unmoved');
  const names = wrong.map(({ name }) => name).join(' ');
  if (names === '') return lines.join('\n');
  const sidecars = [...new Set(wrong.flatMap(({ findings }) => findings.flatMap(unreadySidecar)))];
  // `weir on` refuses beside a sidecar that is not ready.
  const starts = sidecars.map((name) => `\`weir sidecar run ${name}\``).join(', ');
  const first = sidecars.length === 0 ? '' : `first the sidecar (${starts} where weir runs it), then `;
  lines.push('', `put it right: ${first}\`weir on ${names}\`   (or get out of it: \`weir off ${names}\`)`);
  return lines.join('\n');
}

/** The name of the sidecar that a finding is about. */
function unreadySidecar({ where }: VerifyFinding): string[] {
  return where.startsWith(SIDECAR_PLACE) ? [where.slice(SIDECAR_PLACE.length)] : [];
}

/** A text after a lead, broken at words; its further lines are set in as far. */
function setIn(lead: string, text: string, columns: number): string[] {
  const [first = '', ...rest] = wrapText(text, columns - lead.length);
  return [`${lead}${first}`, ...rest.map((line) => `${' '.repeat(lead.length)}${line}`)];
}
