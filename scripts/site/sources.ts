/** The sources of the site for mdBook: pages of the repository with their links turned, and pages made from the code. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { mapLinks, titleOf } from '../docs/markdown.ts';
import { linkCodes } from './link-codes.ts';
import { outline, type SitePage, type SiteSection } from './outline.ts';
import { commandPages } from './references/commands.ts';
import { comparisonPage } from './references/comparison.ts';
import { errorsPage, exitCodesPage, trapsPage } from './references/errors.ts';
import { meshYamlPage } from './references/mesh-yaml.ts';
import { metricsPage } from './references/metrics.ts';
import { schemaFiles } from './references/schemas.ts';

const BOOK = `[book]
title = "weir"
language = "en"
src = "src"

[output.html]
default-theme = "light"
preferred-dark-theme = "navy"
no-section-label = true
smart-punctuation = false
input-404 = ""
additional-css = ["weir.css"]

[output.html.print]
enable = false

[output.html.fold]
enable = true
`;

/** Tables of flags and keys: a name is never broken, and there is room for what it means. */
const STYLE = `:root { --content-max-width: 900px; }
.content table { margin-inline: 0; }
.content td:first-child code { white-space: nowrap; }
.content th { text-align: start; }
`;

/** Writes the sources below `folder`; resolves to the paths of the pages below `folder/src`. */
export function writeSources(root: string, folder: string): string[] {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const schemas = schemaFiles(root);
  const made = references(commandPages(read('oclif.manifest.json'), read('package.json').oclif.topics), schemas);
  for (const [name, text] of schemas) if (name.endsWith('.json')) put(`src/reference/${name}`, text);
  const comparison = { path: 'reference/comparison.md', text: comparisonPage(root) };
  const sections = outline(root, made, comparison);
  const pages = sections.flatMap((section) => section.pages);
  const paths = new Map(pages.flatMap(({ file, path }) => (file === undefined ? [] : [[file, path] as const])));
  for (const page of pages) put(`src/${page.path}`, linkCodes(turnLinks(root, folder, page, paths), page.path));
  put('src/SUMMARY.md', summary(sections));
  put('book.toml', BOOK);
  put('weir.css', STYLE);
  return pages.map(({ path }) => path);
}

function references(commands: ReadonlyMap<string, string>, schemas: ReadonlyMap<string, string>): SitePage[] {
  const pages = [...commands].map(([name, text]) => ({ path: `reference/commands/${name}`, text }));
  const [first, ...rest] = pages;
  return [
    ...(first === undefined ? [] : [first, ...rest.map((page) => ({ ...page, below: true as const }))]),
    { path: 'reference/mesh-yaml.md', text: meshYamlPage() },
    { path: 'reference/errors.md', text: errorsPage() },
    { path: 'reference/exit-codes.md', text: exitCodesPage() },
    { path: 'reference/traps.md', text: trapsPage() },
    { path: 'reference/metrics.md', text: metricsPage() },
    { path: 'reference/schemas.md', text: schemas.get('schemas.md') ?? '' },
  ];
}

/** The page with links to where their targets lie in the site. A file that is no page is copied along. */
function turnLinks(root: string, folder: string, page: SitePage, paths: ReadonlyMap<string, string>): string {
  const { file } = page;
  if (file === undefined) return page.text;
  return mapLinks(page.text, (target) => {
    if (/^([a-z][a-z+.-]*:|#)/i.test(target)) return target;
    const [path = '', anchor] = target.split('#', 2);
    const wanted = normalize(join(dirname(file), decodeURIComponent(path))).replace(/\/$/, '');
    const place = paths.get(wanted) ?? placeOf(root, folder, wanted);
    return `${relative(dirname(page.path), place)}${anchor === undefined ? '' : `#${anchor}`}`;
  });
}

/** Where a target lies that is no page of the repository; one that is not there is left as it is, for the checks to find. */
function placeOf(root: string, folder: string, wanted: string): string {
  if (wanted === 'docs/decisions') return 'docs/decisions/index.md';
  if (wanted === 'LICENSE') return 'LICENSE.md';
  if (wanted.startsWith('..') || !existsSync(join(root, wanted)) || !statSync(join(root, wanted)).isFile())
    return wanted;
  mkdirSync(dirname(join(folder, 'src', wanted)), { recursive: true });
  copyFileSync(join(root, wanted), join(folder, 'src', wanted));
  return wanted;
}

/** The list at the side, in the form that mdBook reads. */
function summary(sections: readonly SiteSection[]): string {
  const lines = sections.flatMap(({ pages, title }) => [
    ...(title === '' ? [] : [`# ${title}`, '']),
    ...pages.map(({ below, path, text }) => {
      const name = (titleOf(text) ?? path).replaceAll(/[[\]]/g, '\\$&');
      return `${title === '' ? '' : `${below ? '  ' : ''}- `}[${name}](${path})`;
    }),
    '',
  ]);
  return ['# Summary', '', ...lines].join('\n');
}
