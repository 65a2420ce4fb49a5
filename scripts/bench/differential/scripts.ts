/** Generated scripts beside real Groovy: what was wrong, by construct, and how much was refused. */
import { runDifferential } from '../../../test/oracle/groovy/differential.ts';
import { startTestOracle } from '../../../test/oracle/groovy/groovy-oracle.ts';

/** Runs the comparison and prints it. Resolves to the number of scripts that were answered wrongly or ended in a crash. */
export async function differentialOfScripts(count: number, seed: number): Promise<number> {
  const oracle = await startTestOracle(4_000);
  const began = performance.now();
  const run = await runDifferential(oracle, count, seed);
  oracle.close();
  for (const { script, wrong } of run.wrongFiles.slice(0, 60))
    console.log(`--- wrong\n${script}\n    ${wrong.slice(0, 2).join('\n    ')}`);
  for (const crash of run.crashes.slice(0, 10)) console.log(`--- crash\n${crash}`);
  const percent = (part: number): string => `${((100 * part) / Math.max(1, run.calls)).toFixed(1)} %`;
  console.log('\n| construct | scripts | wrong | with a refused call |\n| --- | --- | --- | --- |');
  for (const [name, row] of [...run.constructs].sort(([, a], [, b]) => b.scripts - a.scripts).slice(0, 40))
    console.log(`| ${name} | ${row.scripts} | ${row.wrong} | ${row.refused} |`);
  console.log(
    `\nseed ${seed}: ${run.scripts} scripts, ${run.calls} calls, ${run.wrongFiles.length} files wrong, ${run.crashes.length} crashes, ${run.unanswered} without end; ` +
      `refused calls: evaluator ${percent(run.refusedCalls.script)}, plan ${percent(run.refusedCalls.plan)}; ` +
      `${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  return run.wrongFiles.length + run.crashes.length;
}
