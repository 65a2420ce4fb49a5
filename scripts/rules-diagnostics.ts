/** Writes docs/rules-diagnostics.md from the catalogue of diagnostics. */
import { writeFileSync } from 'node:fs';
import { DIAGNOSTICS } from '../src/rules/diagnostics/catalogue.ts';

const sections = Object.entries(DIAGNOSTICS).map(([code, { title, level, why, example, instead }]) =>
  [`## ${code}: ${title}`, '', `*${level}*. ${prose(why)}`, '', '```', example, '```', '', prose(instead)].join('\n'),
);
const page = `# Diagnostics about routing rules\n\nMade from the catalogue; do not edit.\n\n${sections.join('\n\n')}\n`;
writeFileSync(new URL('../docs/rules-diagnostics.md', import.meta.url), page);

/** Text in which nothing looks like a tag, which Markdown would leave out. */
function prose(text: string): string {
  return text.replaceAll(/<(?=[a-z/])/gi, '\\<');
}
