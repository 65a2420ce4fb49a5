/** Writes docs/rules-coverage.md: what weir knows of Groovy, from the tables of the front end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILE_CAUSES } from '../src/rules/groovy/knowledge/compile-causes.ts';
import { EFFECT_CAUSES } from '../src/rules/groovy/knowledge/effect-causes.ts';
import { STRING_UTILS } from '../src/rules/groovy/knowledge/known-libraries.ts';
import { KNOWN_MEMBERS } from '../src/rules/groovy/knowledge/known-members.ts';
import { KNOWN_OPERATORS } from '../src/rules/groovy/knowledge/known-operators.ts';
import { KNOWN_STATICS } from '../src/rules/groovy/knowledge/known-statics.ts';
import { KNOWN_TEXTS } from '../src/rules/javascript/known-texts.ts';

const code = (rows: readonly string[]): string => rows.map((row) => `\`${row.replaceAll('|', '\\|')}\``).join(', ');

/** The page as text. */
export function coveragePage(): string {
  const members = Object.entries(KNOWN_MEMBERS).map(([kind, rows]) => `| ${kind} | ${code(rows)} |`);
  const operators = Object.entries(KNOWN_OPERATORS).map(
    ([op, rows]) =>
      `| \`${op.replaceAll('|', '\\|')}\` | ${rows.map((row) => row.replace(', ', ' and ')).join('; ')} |`,
  );
  const causes = Object.entries(COMPILE_CAUSES).map(
    ([id, { why, examples }]) =>
      `| ${id} | ${why} | \`${(examples[0] ?? '').slice(0, 50).replaceAll('\n', ' ').replaceAll('|', '\\|')}\` |`,
  );
  const effects = Object.entries(EFFECT_CAUSES).map(
    ([id, { effect, why, examples }]) =>
      `| ${id} | ${effect} | ${why} | ${code([(examples[0] ?? '').replaceAll('\n', '; ')])} |`,
  );
  const texts = Object.entries(STRING_UTILS).map(([name, methods]) => `| ${name} | ${code(methods.split(' '))} |`);
  const javascript = Object.entries(KNOWN_TEXTS).map(
    ([name, conditions]) => `| ${name} | ${code(conditions.slice(0, 2))} |`,
  );
  return `# What weir knows of Groovy

Written by \`node scripts/rules-coverage.ts\` from the tables of \`src/rules/groovy/knowledge\`. What stands in no row is refused
(WR019). Real Groovy 2.4.21 answers every row for many values of each kind in \`test/e2e/groovy-knowledge.test.ts\`.

## Methods and properties

\`name(kind)\` is a method, \`name\` a property; \`growing\` is what changes a list.

| receiver | members |
| --- | --- |
${members.join('\n')}

## Operators

| operator | kinds of both sides |
| --- | --- |
${operators.join('\n')}

## Static methods and constructors

${code(KNOWN_STATICS)}

\`StringUtils\` is one of these classes, and has these methods:

| class | methods |
| --- | --- |
${texts.join('\n')}

The real classes answer them in \`test/e2e/string-utils.test.ts\`.

## Causes for which a script is called broken

A text that weir cannot read for another reason is refused: it may compile. Real Groovy is asked about each cause in
\`test/e2e/groovy-causes.test.ts\`.

| cause | what is wrong | example |
| --- | --- | --- |
${causes.join('\n')}

## Causes for which a script that compiles is called broken or dead

One of them has to hold on every path; a path that weir does not know makes the rule refused. A method is missing only where no
class that the value can have has one of that name (\`member-names.ts\`, taken from the engine). Real Groovy is asked about each.

| cause | called | on every path | example |
| --- | --- | --- | --- |
${effects.join('\n')}

## Texts in JavaScript rules

Of a text of the call or of a provider, \`s\`. A part of it or a number that is read from it is only compared with constants;
another use is refused. Nashorn answers each row for many texts in \`test/e2e/javascript-texts.test.ts\`.

| members | examples |
| --- | --- |
${javascript.join('\n')}
`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/rules-coverage.md'), coveragePage());
