/** Reads a folder of rules for an agent, in a process that ends. */
import { errorOf } from '../../platform/agent/protocol.ts';
import { runTool } from '../../platform/exec.ts';
import { programArgv } from '../../platform/process/programs.ts';
import { readText, requireRecord } from '../../platform/record.ts';
import { PRINTED_RULES } from '../records/discovery-task.ts';
import type { RuleFolder } from '../routing/rule-scripts.ts';

/** The scripts of a folder; its parsers would stay in the memory of an agent for ever. Throws the error of reading it. */
export async function readRulesApart(folder: string): Promise<RuleFolder> {
  const argv = [...programArgv('printRules'), folder] as const;
  const { stdout } = await runTool([...argv], { timeoutMs: 30_000 });
  const reading = readText(PRINTED_RULES, stdout);
  const printed = requireRecord(PRINTED_RULES, 'what the installed weir reads from a folder of rules', reading);
  if ('error' in printed) throw errorOf(printed.error);
  return printed.folder;
}
