/** What the checks and the site read out of a Markdown page: its links, its headings, and the text around code. */

/** A link or picture of a page. */
export interface MarkdownLink {
  readonly target: string;
  /** From 1. */
  readonly line: number;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LINK = /(\]\()([^\s()]+)((?: "[^"]*")?\))/g;
const CODE_OR_LINK = /(`[^`]+`|!?\[[^\]]*\]\([^)]*\))/;
const CODE = /(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g;

/** Calls `change` with each line outside of code fences; the lines that it returns make the page. */
export function mapProse(page: string, change: (line: string, number: number) => string): string {
  let fence: string | undefined;
  const lines = page.split('\n').map((line, index) => {
    const mark = FENCE.exec(line)?.[1];
    if (fence === undefined && mark === undefined) return change(line, index + 1);
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
    return line;
  });
  return lines.join('\n');
}

/** The links and pictures of a page, without those in code. */
export function linksOf(page: string): MarkdownLink[] {
  const links: MarkdownLink[] = [];
  mapLinks(page, (target, line) => {
    links.push({ target, line });
    return target;
  });
  return links;
}

/** The page with each link pointing to what `change` answers; links in code stay. */
export function mapLinks(page: string, change: (target: string, line: number) => string): string {
  return mapProse(page, (line, number) => {
    const codes = [...line.matchAll(CODE)].map(({ 0: code, index }) => ({ from: index, to: index + code.length }));
    return line.replaceAll(LINK, (link, open: string, target: string, end: string, at: number) => {
      const isCode = codes.some(({ from, to }) => from <= at && at < to);
      return isCode ? link : open + change(target, number) + end;
    });
  });
}

/** The page with its text changed: not its headings, not code, not links. */
export function mapText(page: string, change: (text: string) => string): string {
  return mapProse(page, (line) => {
    if (line.startsWith('#')) return line;
    return line
      .split(CODE_OR_LINK)
      .map((part, index) => (index % 2 === 0 ? change(part) : part))
      .join('');
  });
}

/** The anchors of a page's headings, as GitHub and mdBook name them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  mapProse(page, (line) => {
    const heading = /^#{1,6} +(.*?)(?: +#+)?$/.exec(line)?.[1];
    if (heading === undefined) return line;
    const slug = anchorOf(heading);
    let [unique, count] = [slug, 0];
    while (anchors.has(unique)) unique = `${slug}-${++count}`;
    anchors.add(unique);
    return line;
  });
  return anchors;
}

/** The anchor of one heading: small letters, digits, `-` and `_`; blanks become `-`. */
export function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

/** The text of the first heading; undefined without one. */
export function titleOf(page: string): string | undefined {
  return /^# +(.*)$/m.exec(page)?.[1];
}
