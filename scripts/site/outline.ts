/** Which pages the site has, and in which order: what a reader looks for in a hurry stands first. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { titleOf } from '../docs/markdown.ts';

/** A page of the site. */
export interface SitePage {
  /** Where it lies in the site's sources. */
  readonly path: string;
  readonly text: string;
  /** The file of the repository that it is; undefined: made from the code. */
  readonly file?: string;
  /** In the list at the side: below the page before it. */
  readonly below?: true;
}

/** A heading of the list at the side, with its pages. */
export interface SiteSection {
  readonly title: string;
  readonly pages: readonly SitePage[];
}

/** Guides by section, in the order in which one reads them; a guide that is named nowhere goes to the last section. */
const GUIDES = {
  'Something is wrong now': ['incident', 'incident-regions', 'alerts'],
  'One host': ['upgrade', 'dubbo-sdk', 'tproxy', 'packages', 'metrics'],
  'Many hosts': ['fleet', 'openkruise', 'gateways'],
  Discovery: ['discovery', 'stages'],
} as const;

/** The sections of the site in their order. `made` are the references that come from the code. */
export function outline(root: string, made: readonly SitePage[], comparison: SitePage): SiteSection[] {
  const page = (file: string): SitePage => ({
    path: file === 'README.md' ? 'index.md' : file,
    text: readFileSync(join(root, file), 'utf8'),
    file,
  });
  const placed = new Set(Object.values(GUIDES).flatMap((names) => names.map((name) => `docs/guide/${name}.md`)));
  const rules = ['docs/rules.md', ...globSync('docs/rules-*.md', { cwd: root }).sort()];
  const decisions = globSync('docs/decisions/*.md', { cwd: root }).sort();
  const others = globSync('docs/{*,guide/*}.md', { cwd: root })
    .sort()
    .filter((file) => !placed.has(file) && !rules.includes(file) && file !== 'docs/glossary.md');
  return [
    { title: '', pages: [page('README.md')] },
    ...Object.entries(GUIDES).map(([title, names]) => ({
      title,
      pages: names.map((name) => page(`docs/guide/${name}.md`)),
    })),
    { title: 'Routing rules', pages: rules.map(page) },
    { title: 'Reference', pages: made },
    {
      title: 'About weir',
      pages: [
        comparison,
        ...others.map(page),
        ...['CHANGELOG.md', 'ARCHITECTURE.md', 'docs/glossary.md'].map(page),
        decisionsPage(root, decisions),
        ...decisions.map((file) => ({ ...page(file), below: true as const })),
        ...['CONTRIBUTING.md', 'SECURITY.md'].map(page),
        licencePage(root),
      ],
    },
  ];
}

/** The list of decisions, which the folder itself is on a page of a repository. */
function decisionsPage(root: string, files: readonly string[]): SitePage {
  const lines = files.map((file) => {
    const name = file.slice('docs/decisions/'.length);
    return `- [${titleOf(readFileSync(join(root, file), 'utf8')) ?? name}](${name})`;
  });
  const text = ['# Decisions', '', 'Choices that were hard, one page each.', '', ...lines, ''].join('\n');
  return { path: 'docs/decisions/index.md', text };
}

function licencePage(root: string): SitePage {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^\n+/, '').trimEnd();
  return { path: 'LICENSE.md', text: `# Licence\n\n\`\`\`text\n${text}\n\`\`\`\n` };
}
