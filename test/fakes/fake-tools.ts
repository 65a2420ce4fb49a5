/** External tools that answer from a table: what was called, with which input, and how the real runner would fail. */

import { WeirError } from '../../src/errors/weir-error.ts';
import type { ToolRunner } from '../../src/interception/adapters/firewall/standby-tools.ts';
import type { runTool, ToolResult } from '../../src/platform/exec.ts';

/** What a tool answers: its output, a result, or an error of the runner. */
export type ToolAnswer = string | Partial<ToolResult> | WeirError;

/** One call of a tool. */
export interface ToolCall {
  readonly command: string;
  readonly input: string;
}

/** Answers by command line; a function is asked for each call. A command without an answer is not installed. */
export type ToolAnswers =
  | Readonly<Record<string, ToolAnswer>>
  | ((command: string, input: string) => ToolAnswer | undefined);

/** A runner for `answers`; `proc` are the files of /proc where the tools work, all others are missing. */
export function fakeTools(
  answers: ToolAnswers,
  proc: Readonly<Record<string, string>> = {},
): { readonly run: ToolRunner; readonly calls: ToolCall[] } {
  const calls: ToolCall[] = [];
  const answer: typeof runTool = async (argv, options) => {
    const [command, input] = [argv.join(' '), options.input ?? ''];
    calls.push({ command, input });
    const found = (typeof answers === 'function' ? answers(command, input) : answers[command]) ?? notInstalled(argv[0]);
    if (found instanceof WeirError) throw found;
    const given = typeof found === 'string' ? { stdout: found } : found;
    const result = { stdout: '', stderr: '', exitCode: 0, ms: 1, ...given };
    if (result.exitCode !== 0 && options.reject !== false) throw toolFailed(command, result);
    return result;
  };
  return { run: Object.assign(answer, { readProc: async (path: string) => proc[path] ?? null }), calls };
}

function notInstalled(tool: string): WeirError {
  return new WeirError('WEIR2001', { what: `${tool} is missing`, why: 'not found in PATH', hint: `install ${tool}` });
}

function toolFailed(command: string, { exitCode, stderr }: ToolResult): WeirError {
  return new WeirError('WEIR2003', {
    what: `${command} failed: exit code ${exitCode}`,
    why: stderr === '' ? 'it wrote nothing' : stderr.trim(),
    hint: 'run it by hand',
    details: { exitCode },
  });
}
