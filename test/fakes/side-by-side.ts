/** Makes the page that shows fixture rules beside their documents. */
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { describeTerm, describeTest } from '../../src/rules/plan/describe-condition.ts';
import type { PlanOutcome, PlanRule, RoutePlan } from '../../src/rules/plan/route-plan.ts';
import { collectDiagnostics } from '../../src/rules/report/collect-diagnostics.ts';
import { markdownReport } from '../../src/rules/report/markdown-report.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases } from './fixture-cases.ts';

/** Where the page lies. */
export const SIDE_BY_SIDE = new URL('../../docs/rules-side-by-side.md', import.meta.url);

/** Harder scripts: a fallback through three groups, residues of a Long, a parse that may throw inside of try. */
const SHOWN = ['11-', '23-', '34-'];

const NOWHERE = { offset: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

/** A page with a few fixture rules: the script, the plan, the documents and the report of each, beside one another. */
export function sideBySidePage(): string {
  const sections = fixtureCases()
    .filter(({ id }) => SHOWN.some((prefix) => id.startsWith(prefix)))
    .map(({ id, path, text, known }) => {
      const { plan, place } = planRuleFile(path, text, known);
      const { providers, services } = known;
      const request = { name: id, target: 'dubbo-mesh', version: 'and-match', accepted: new Set<string>() } as const;
      const plain = convertPlan({ ...request, plan, services, providers });
      // Lines of the file, where the plan counts those of the script in it.
      const lineOf = (id: string): number =>
        place((plan.rules.find((rule) => rule.id === id) ?? plan.rules[0])?.span ?? NOWHERE).line;
      const converted = { ...plain, rules: plain.rules.map((rule) => ({ ...rule, line: lineOf(rule.id) })) };
      const diagnostics = collectDiagnostics(plan, converted, () => '').map((one) => ({
        ...one,
        ...place({ offset: 0, end: 0, ...one }),
      }));
      const result = { name: id, path: known.file ?? 'rule.groovy', plan, target: request.target, converted };
      const report = markdownReport([{ ...result, diagnostics, outputs: [] }], request.target);
      const own = report.slice(report.indexOf('\n## ') + 1).replace(/^##.*\n+/, '');
      const row = (left: string, right: string) =>
        `<tr><td valign="top">\n\n${left}\n\n</td><td valign="top">\n\n${right}\n\n</td></tr>`;
      return [
        `## ${id}`,
        '',
        '<table>',
        '<tr><th>script</th><th>plan: the first rule that holds decides</th></tr>',
        row(code('groovy', text.trimEnd()), code('', planText(plan, lineOf))),
        '<tr><th>documents</th><th>report</th></tr>',
        row(code('yaml', converted.text ?? 'none'), own.trimEnd()),
        '</table>',
      ].join('\n');
    });
  const head = '# Three scripts, side by side\n\nMade by `npm run rules:side-by-side`; do not edit.';
  return `${head}\n\n${sections.join('\n\n')}\n`;
}

function code(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

function planText({ rules, groups }: RoutePlan, lineOf: (id: string) => number): string {
  const lines = rules.map(
    (rule) => `${rule.id} (line ${lineOf(rule.id)}): ${conditions(rule)}\n    -> ${outcome(rule.then)}`,
  );
  return [...lines, '', ...groups.map((group) => `${group.id}: ${group.label}`)].join('\n');
}

function conditions({ when }: PlanRule): string {
  return when.length === 0
    ? 'always'
    : when.map(({ term, test }) => `${describeTerm(term)} ${describeTest(test)}`).join('\n    and ');
}

function outcome(then: PlanOutcome): string {
  if (then.kind !== 'route')
    return then.kind === 'all' && then.ignored ? `all (the script throws ${then.ignored})` : then.kind;
  const total = then.choices.reduce((sum, choice) => sum + choice.weight, 0);
  return then.choices
    .map(({ chain, otherwise, weight }) => {
      const groups = [...chain, otherwise === 'all' ? 'all' : 'no provider'].join(', else ');
      return total === weight ? groups : `${groups} (${weight} of ${total})`;
    })
    .join(' or ');
}
