/** Errors, exit codes and traps as pages, from their catalogues. */
import { ERROR_CATALOGUE } from '../../../src/errors/catalogue.ts';
import { EXIT_CODES } from '../../../src/errors/exit-codes.ts';
import { TRAPS } from '../../../src/fleet/model/kruise/traps.ts';
import { cell, table } from './text.ts';

const MENDERS = {
  user: 'you, on the command line or in a file',
  host: 'the administrator of the host',
  child: 'the administrator of the host',
  bug: "weir's developers",
};

/** Each error with what it means, how the command ends, and who can mend it. */
export function errorsPage(): string {
  const errors = Object.entries(ERROR_CATALOGUE);
  const sections = errors.flatMap(([code, { exit, explain, kind, title }]) => [
    ...[`## ${code}`, '', `**${cell(title)}**`, '', explain, ''],
    ...[`Exit code [${exit}](exit-codes.md) (${EXIT_CODES[exit]}). Who can fix it: ${MENDERS[kind]}.`, ''],
  ]);
  const list = table(
    ['code', 'exit', 'error'],
    errors.map(([code, { exit, title }]) => [`[${code}](#${code.toLowerCase()})`, String(exit), cell(title)]),
  );
  const intro = 'Each error of weir has a code; `weir help CODE` prints what stands here.';
  return ['# Errors', '', intro, '', ...list, '', ...sections].join('\n');
}

/** How commands end. */
export function exitCodesPage(): string {
  const rows = Object.entries(EXIT_CODES).map(([code, meaning]) => [`\`${code}\``, cell(meaning)]);
  const intro = 'The same with and without `--json`. `weir help exit-codes` prints them.';
  return ['# Exit codes', '', intro, '', ...table(['code', 'means'], rows), ''].join('\n');
}

/** What `weir fleet lint` finds. */
export function trapsPage(): string {
  const sections = Object.entries(TRAPS).flatMap(([code, { hint, severity, title, why }]) => [
    ...[`## ${code}`, '', `**${cell(title)}** (${severity})`, '', cell(why), '', `Instead: ${cell(hint)}`, ''],
  ]);
  const intro =
    'What OpenKruise takes without a word although it is wrong. `weir fleet lint` finds it in SidecarSets and releases.';
  return ['# Traps of SidecarSets', '', intro, '', ...sections].join('\n');
}
