/** Makes the codes of errors, diagnostics and traps in a page lead to what they mean. */
import { dirname, relative } from 'node:path';
import { ERROR_CATALOGUE } from '../../src/errors/catalogue.ts';
import { TRAPS } from '../../src/fleet/model/kruise/traps.ts';
import { DIAGNOSTICS } from '../../src/rules/diagnostics/catalogue.ts';
import { anchorOf, mapText } from '../docs/markdown.ts';

const PLACES = new Map<string, string>([
  ...Object.keys(ERROR_CATALOGUE).map((code) => [code, `reference/errors.md#${code.toLowerCase()}`] as const),
  ...Object.keys(TRAPS).map((code) => [code, `reference/traps.md#${code.toLowerCase()}`] as const),
  ...Object.entries(DIAGNOSTICS).map(([code, { title }]) => {
    return [code, `docs/rules-diagnostics.md#${anchorOf(`${code}: ${title}`)}`] as const;
  }),
]);

/** The page with a link at each code outside of code, links and headings; the page that explains a code keeps its own. */
export function linkCodes(page: string, path: string): string {
  return mapText(page, (text) =>
    text.replaceAll(/\b(?:WEIR\d{4}|WR\d{3}|WF\d{3})\b/g, (code) => {
      const place = PLACES.get(code);
      if (place === undefined || place.startsWith(`${path}#`)) return code;
      return `[${code}](${relative(dirname(path), place)})`;
    }),
  );
}
