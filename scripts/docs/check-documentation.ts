/** All checks of the documentation at once. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CAPTURES } from '../captures/captures.ts';
import { staleCaptures } from '../captures/stale-captures.ts';
import { buildSite, passingFolder } from '../site/build.ts';
import { unknownCodes } from '../site/link-codes.ts';
import { writeSources } from '../site/sources.ts';
import { knownCommands, unknownCommands } from './check-commands.ts';
import { brokenMarkdownLinks } from './check-markdown.ts';
import { checkSite } from './check-site.ts';
import { unknownWords } from './spelling.ts';

/** What was looked at, and a line for each fault. */
export interface DocumentationCheck {
  readonly files: number;
  readonly pages: number;
  readonly links: number;
  readonly faults: readonly string[];
}

/**
 * Looks at the spelling of every page of the site, at the links of the Markdown pages and of the built site, at commands,
 * flags and codes in them, and whether the pictures show what the commands print. Places below `reference/` are pages that
 * are made from the code. Needs dist/, mdBook and cspell.
 */
export async function checkDocumentation(root: string): Promise<DocumentationCheck> {
  using folder = passingFolder('docs');
  const pages = writeSources(root, folder.path);
  const built = join(folder.path, 'site');
  const warnings = buildSite(folder.path, built);
  const site = checkSite(built);
  const files = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort();
  const known = knownCommands(root);
  const [words, captures] = await Promise.all([
    unknownWords(join(folder.path, 'src'), pages),
    staleCaptures(root, join(folder.path, 'captures'), join(root, 'docs', 'captures'), CAPTURES),
  ]);
  const faults = [
    ...brokenMarkdownLinks(root, files),
    ...pages.flatMap((page) => {
      const text = readFileSync(join(folder.path, 'src', page), 'utf8');
      // The changelog also names what is gone.
      return [...unknownCommands(page, text, known), ...(page === 'CHANGELOG.md' ? [] : unknownCodes(page, text))];
    }),
    ...warnings,
    ...site.faults.map((line) => `site: ${line}`),
    ...words.map((line) => `${line} (a term of the field goes into cspell.json)`),
    ...captures.map((line) => `docs/captures/${line}`),
  ];
  return { files: files.length, pages: site.pages, links: site.links, faults };
}
