/** A program of its own: prints what a folder of rules holds, or the error that stopped it. See `readRulesApart`. */
import { rulesReader } from '../discovery/compose.ts';
import { PRINTED_RULES } from '../discovery/records/discovery-task.ts';
import { readRuleFolder } from '../discovery/routing/rule-scripts.ts';
import { WeirError } from '../errors/weir-error.ts';
import { errorParts } from '../platform/agent/protocol.ts';
import { recordText } from '../platform/record.ts';

try {
  const folder = readRuleFolder(await rulesReader.readRuleFiles(process.argv[2] ?? ''));
  process.stdout.write(recordText(PRINTED_RULES, { folder }));
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  process.stdout.write(recordText(PRINTED_RULES, { error: errorParts(error) }));
}
