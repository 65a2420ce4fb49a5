/** The page docs/rules-routers.md. */
import { type BehaviourRow, ROUTER_BEHAVIOUR, ROUTER_ENGINES } from '../read/router-behaviour.ts';

const HEAD = `# What the condition and tag routers of Dubbo do differently

weir reads condition and tag rules as the routers of Dubbo 2.7.23, 3.2.16 and 3.3.6 read them; the real classes are asked in
\`test/e2e/dubbo-routers.test.ts\` and by \`npm run bench:differential -- conditions|tags N SEED\`. Where the lines differ, the one
that reads the rule is named by \`--engine-version 2.7|3.2|3.3\`. Without it, what is written holds for 3.2 (3.3 for v3.1 conditions),
and the rule is \`noted\` with WR070; \`weir rules eval\` says beside a call what the other lines answer.

| what | 2.7 | 3.2 | 3.3 |
| --- | --- | --- | --- |
`;

/** The page that shows the table, one row a difference. */
export function routersPage(): string {
  const rows = Object.values<BehaviourRow>(ROUTER_BEHAVIOUR).map((row) => {
    const marks = ROUTER_ENGINES.map((engine) => (row[engine] ? 'yes' : 'no'));
    return `| ${escaped(row.what)}; where not: ${escaped(row.else)} | ${marks.join(' | ')} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
