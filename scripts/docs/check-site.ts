/** Finds what is wrong with the links of a built site: targets that are missing, and whatever comes from other machines. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** What was looked at, and a line for each fault. */
export interface SiteCheck {
  readonly pages: number;
  readonly links: number;
  readonly faults: readonly string[];
}

const TAG = /<(a|img|script|link|iframe|source|object|embed|form)\b([^>]*)>/g;
const ADDRESS = /\b(?:href|src|data|action)="([^"]*)"/g;
const ID = /\bid="([^"]*)"/g;
const STYLE_ADDRESS = /url\(\s*['"]?([^'")]+)['"]?\s*\)|@import\s+['"]([^'"]+)['"]/g;

/** Checks each page and style sheet of the site in `folder`. */
export function checkSite(folder: string): SiteCheck {
  const files = globSync('**/*.{html,css}', { cwd: folder }).sort();
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const ids = new Map<string, Set<string>>();
  const idsIn = (page: string) => {
    const known = ids.get(page) ?? new Set([...read(page).matchAll(ID)].map(([, id = '']) => id));
    ids.set(page, known);
    return known;
  };
  let links = 0;
  const faults = files.flatMap((file) =>
    addressesIn(file, read(file)).flatMap(({ address, loads }) => {
      links += 1;
      const fault = faultOf(address, loads, file, folder, idsIn);
      return fault === undefined ? [] : [`${file}: ${address}: ${fault}`];
    }),
  );
  return { pages: files.filter((file) => file.endsWith('.html')).length, links, faults };
}

/** The addresses of a page or style sheet; `loads`: a browser fetches it without a click. */
function addressesIn(file: string, text: string): { address: string; loads: boolean }[] {
  if (file.endsWith('.css')) {
    return [...text.matchAll(STYLE_ADDRESS)].map(([, url, sheet]) => ({ address: url ?? sheet ?? '', loads: true }));
  }
  return [...text.matchAll(TAG)].flatMap(([, tag, attributes = '']) =>
    [...attributes.matchAll(ADDRESS)].map(([, address = '']) => ({
      address: address.replaceAll('&amp;', '&'),
      loads: tag !== 'a',
    })),
  );
}

function faultOf(
  address: string,
  loads: boolean,
  file: string,
  folder: string,
  idsIn: (page: string) => Set<string>,
): string | undefined {
  if (address.startsWith('data:')) return undefined;
  if (/^([a-z][a-z+.-]*:|\/\/)/i.test(address)) return loads ? 'comes from another machine' : undefined;
  if (address.startsWith('/')) return 'starts at the root, which files do not have';
  const [path = '', anchor = ''] = address.split('#', 2);
  const target = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path.replace(/\?.*$/, ''))));
  const isFile =
    !target.startsWith('..') && existsSync(join(folder, target)) && statSync(join(folder, target)).isFile();
  if (!isFile) return 'there is no such file';
  if (anchor === '' || !target.endsWith('.html')) return undefined;
  return idsIn(target).has(decodeURIComponent(anchor)) ? undefined : 'the page has no such place';
}
