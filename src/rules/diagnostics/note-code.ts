/** Diagnostic ids for the notes that readers of rules leave in a plan. */
import { DIAGNOSTICS, type DiagnosticCode } from './catalogue.ts';

/** The catalogue's code for a note of the reader: a WR id as it stands, a word by this table, else none. */
export function noteCode(code: string): DiagnosticCode | null {
  if (Object.hasOwn(DIAGNOSTICS, code)) return code as DiagnosticCode;
  return WORDS[code] ?? null;
}

const WORDS: Readonly<Record<string, DiagnosticCode>> = {
  'dead-script': 'WR001',
  'closed-world': 'WR026',
  'machine-group': 'WR063',
  'availability-dropped': 'WR028',
  'logging-dropped': 'WR029',
  'log-dropped': 'WR029',
  'syntax-error': 'WR004',
  'compile-error': 'WR004',
  'host-prefix-widened': 'WR024',
  'gstring-key': 'WR022',
};
