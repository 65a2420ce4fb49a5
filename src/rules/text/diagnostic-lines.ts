/** Findings about a script for a terminal. */
import type { Paint } from '../../cli/paint.ts';
import type { ScriptDiagnostic } from '../report/script-result.ts';
import { printable } from './printable.ts';

const SHOWN_DIAGNOSTICS = 12;
const SHOWN_PLACES = 6;

/** Each finding once, with all its places, and the line of the first one. */
export function diagnosticLines(diagnostics: readonly ScriptDiagnostic[], paint: Paint): string[] {
  const groups = new Map<string, ScriptDiagnostic[]>();
  for (const one of diagnostics) {
    const key = `${one.code} ${one.message}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const framed = new Set<string>();
  const lines = [...groups.values()].slice(0, SHOWN_DIAGNOSTICS).flatMap((group) => {
    const [{ code, message, line, column, frame }, ...others] = group as [ScriptDiagnostic, ...ScriptDiagnostic[]];
    const places = [...new Set(others.map((one) => `${one.line}:${one.column}`))];
    const also =
      places.length === 0
        ? ''
        : ` (also ${places.slice(0, SHOWN_PLACES).join(', ')}${places.length > SHOWN_PLACES ? ', ...' : ''})`;
    const out = [`  ${paint.caution(code)} ${printable(`${line}:${column} ${message}${also}`)}`];
    // A line that was drawn already is not drawn again.
    if (frame !== '' && !framed.has(`${line}`)) {
      framed.add(`${line}`);
      out.push(...frame.split('\n').map((row) => `    ${paint.faint(printable(row))}`));
    }
    return out;
  });
  const more = groups.size - SHOWN_DIAGNOSTICS;
  if (more > 0) lines.push(`  and ${more} more; --json has all`);
  return lines;
}
