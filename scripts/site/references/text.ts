/** Pieces of Markdown that the generated pages are made of. */

/** A table, as lines. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Text as a cell of a table: one line, and nothing in it that ends the cell or begins a tag. */
export function cell(text: string): string {
  return text
    .replaceAll('\n', ' ')
    .replaceAll('|', '\\|')
    .replaceAll(/<(?=[a-z/])/gi, '\\<');
}

/** Code as a cell of a table. */
export function cellCode(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

/** A block of code, as lines. */
export function fence(text: string, language = ''): string[] {
  return [`\`\`\`${language}`, text, '```'];
}
