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

const CODE = /\b(?:WEIR\d{4}|WR\d{3}|WF\d{3})\b/g;

/** A line for each code in a page that no catalogue has. */
export function unknownCodes(name: string, page: string): string[] {
  return page
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(CODE)]
        .filter(([code]) => !PLACES.has(code))
        .map(([code]) => `${name}:${index + 1}: ${code}: there is no such code`),
    );
}

/** The page with a link at each code outside of code, links and headings; the page that explains a code keeps its own. */
export function linkCodes(page: string, path: string): string {
  return mapText(page, (text) =>
    text.replaceAll(CODE, (code) => {
      const place = PLACES.get(code);
      if (place === undefined || place.startsWith(`${path}#`)) return code;
      return `[${code}](${relative(dirname(path), place)})`;
    }),
  );
}
