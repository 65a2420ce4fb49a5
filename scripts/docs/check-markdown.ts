/** Finds links of Markdown pages that lead nowhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorsOf, linksOf } from './markdown.ts';

/**
 * A line for each link of `pages` (paths below `root`) whose file or heading is not there. Addresses of the web are left
 * alone: a check that depends on other machines fails by chance.
 */
export function brokenMarkdownLinks(root: string, pages: readonly string[]): string[] {
  const read = (page: string) => readFileSync(join(root, page), 'utf8');
  const anchors = new Map<string, Set<string>>();
  const anchorsIn = (page: string) => {
    const known = anchors.get(page) ?? anchorsOf(read(page));
    anchors.set(page, known);
    return known;
  };
  return pages.flatMap((page) =>
    linksOf(read(page)).flatMap(({ line, target }) => {
      if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
      const [path = '', anchor] = target.split('#', 2);
      const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
      const at = `${page}:${line}: ${target}`;
      if (file.startsWith('..') || !existsSync(join(root, file))) return [`${at}: there is no such file`];
      if (anchor === undefined) return [];
      if (!file.endsWith('.md')) return [`${at}: an anchor in what is no page`];
      return anchorsIn(file).has(anchor) ? [] : [`${at}: the page has no such heading`];
    }),
  );
}
