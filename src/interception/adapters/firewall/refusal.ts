/** Errors for firewall tools that refuse rules or listings. */
import { WeirError } from '../../../errors/weir-error.ts';
import { rightsHint, type ToolResult } from '../../../platform/exec.ts';
import { lastLines } from '../../../platform/last-lines.ts';

/** Kernel modules behind the words of a rule: nft's expressions, and the matches and targets of iptables. */
const MODULES: readonly (readonly [RegExp, string])[] = [
  [/\bfib\b/, 'nft_fib_inet'],
  [/\bsocket\b/, 'nft_socket'],
  [/redirect/, 'nft_redir'],
  [/\bct\b/, 'nft_ct'],
  [/type nat\b/, 'nft_chain_nat'],
  [/flags.*interval/, 'nft_set_rbtree'],
];

/** The command that a firewall tool refused. */
export interface RefusedCommand {
  readonly argv: readonly string[];
  readonly result: Pick<ToolResult, 'stderr' | 'exitCode'>;
}

/**
 * The error for rules that a tool refused. It holds what the tool said, and names the kernel module or iptables
 * extension that is missing where the message tells.
 */
export function rulesRefused({ argv, result }: RefusedCommand, hint?: string): WeirError {
  const said = lastLines(result.stderr) || `exit code ${result.exitCode}, without a word`;
  const missing = missingModule(result.stderr);
  return new WeirError('WEIR3020', {
    what: `${argv.join(' ')} refused the rules of weir`,
    why: missing === null ? said : `${missing} is missing: ${said}`,
    hint: hint ?? hintFor(result.stderr, missing),
    details: { argv, exitCode: result.exitCode, stderr: result.stderr },
  });
}

/** The error for a listing that failed. */
export function listingFailed({ argv, result }: RefusedCommand): WeirError {
  return new WeirError('WEIR2003', {
    what: `${argv.join(' ')} failed: exit code ${result.exitCode}`,
    why: lastLines(result.stderr) || 'it wrote nothing',
    hint: hintFor(result.stderr, null),
    details: { argv, exitCode: result.exitCode, stderr: result.stderr },
  });
}

/** Whether the tool says that what was named is not there. */
export function saysMissing(stderr: string): boolean {
  return stderr.includes('No such file or directory');
}

function missingModule(stderr: string): string | null {
  const extension = /Couldn't load (match|target) `([^']+)'/.exec(stderr);
  if (extension !== null) return `the iptables ${extension[1]} ${extension[2]}`;
  const revision = /Extension (\S+) revision \d+ not supported, missing kernel module/.exec(stderr);
  if (revision !== null) return `the kernel module xt_${revision[1]}`;
  if (!/Operation not supported|No such file or directory|Protocol not supported/.test(stderr)) return null;
  const statement = markedStatement(stderr);
  const module = MODULES.find(([words]) => words.test(statement))?.[1];
  return module === undefined ? null : `perhaps the kernel module ${module}`;
}

/** The part of a rule that nft marks by `^^^` on the line below it. */
function markedStatement(stderr: string): string {
  const lines = stderr.split('\n');
  const marks = lines.findIndex((line) => /^\s*\^+/.test(line));
  const [text = '', line = ''] = [lines[marks - 1], lines[marks]];
  return text.slice(line.indexOf('^'), line.lastIndexOf('^') + 1);
}

function hintFor(stderr: string, missing: string | null): string {
  const rights = rightsHint(stderr);
  if (rights !== null) return rights;
  if (missing !== null) return 'install or load it, or choose another back end: `weir check backend` shows each';
  if (/xtables lock/.test(stderr))
    return 'another program holds the xtables lock: wait until it has ended, then try again';
  return 'see `weir check backend`; `--verbose` shows every program that weir calls';
}
