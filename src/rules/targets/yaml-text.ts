/** A number that must be read as a Double: `6` is printed as `6.0`, for Dubbo drops an integer literal in silence. */
export class YamlFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }

  /** Its text: JSON itself would make 0 of -0 and null of the infinities, and trees are compared by their JSON. */
  toJSON(): string {
    return printFloat(this.value);
  }
}

/** An item of a list with lines of comment above it. */
export class YamlCommented {
  readonly comment: readonly string[];
  readonly value: YamlTree;
  constructor(comment: readonly string[], value: YamlTree) {
    this.comment = comment;
    this.value = value;
  }
}

/** A node of a rule document. Numbers are integers; the printer leaves out a field whose value is undefined. */
export type YamlTree = null | string | number | boolean | YamlFloat | YamlCommented | readonly YamlTree[] | YamlMapping;

/** A mapping; a field whose value is undefined is left out. */
export type YamlMapping = { readonly [key: string]: YamlTree | undefined };

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
// YAML 1.1 reads these bare words as booleans or null.
const RESERVED = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null']);

/**
 * Prints a tree as YAML that every YAML 1.1 and 1.2 reader understands alike. It quotes all strings, gives floats a
 * point or exponent, and uses two spaces a level, no anchors, no folding. The same tree gives the same bytes.
 */
export function printYaml(tree: YamlTree): string {
  const lines: string[] = [];
  printBlock(tree, '', lines);
  return `${lines.join('\n')}\n`;
}

function printBlock(tree: YamlTree, indent: string, lines: string[]): void {
  if (Array.isArray(tree)) {
    for (const item of tree as readonly YamlTree[]) printItem(item, indent, lines);
    return;
  }
  for (const [key, value] of Object.entries(tree as { [key: string]: YamlTree | undefined })) {
    if (value === undefined) continue;
    const name = PLAIN_KEY.test(key) && !RESERVED.has(key.toLowerCase()) ? key : printText(key);
    const inline = printInline(value);
    if (inline !== null) {
      lines.push(`${indent}${name}: ${inline}`);
    } else {
      lines.push(`${indent}${name}:`);
      printBlock(value, `${indent}  `, lines);
    }
  }
}

function printItem(item: YamlTree, indent: string, lines: string[]): void {
  if (item instanceof YamlCommented) {
    for (const line of item.comment) lines.push(`${indent}# ${commentText(line)}`);
    printItem(item.value, indent, lines);
    return;
  }
  const inline = printInline(item);
  if (inline !== null) {
    lines.push(`${indent}- ${inline}`);
    return;
  }
  const at = lines.length;
  printBlock(item, `${indent}  `, lines);
  const first = lines[at];
  if (first !== undefined) lines[at] = `${indent}- ${first.slice(indent.length + 2)}`;
}

// Scalars, empty containers, and maps of one or two scalars stand in one line: `{exact: 'vip'}`.
function printInline(tree: YamlTree): string | null {
  if (tree === null) return 'null';
  if (typeof tree === 'string') return printText(tree);
  if (typeof tree === 'number' || typeof tree === 'boolean') return String(tree);
  if (tree instanceof YamlFloat) return printFloat(tree.value);
  if (tree instanceof YamlCommented) return null;
  if (Array.isArray(tree)) return printInlineList(tree as readonly YamlTree[]);
  const entries = Object.entries(tree).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '{}';
  if (entries.length > 2) return null;
  const parts: string[] = [];
  for (const [key, value] of entries) {
    const scalar = typeof value === 'object' && value !== null && !(value instanceof YamlFloat);
    const nested = scalar ? null : printInline(value as YamlTree);
    if (nested === null || !PLAIN_KEY.test(key) || RESERVED.has(key.toLowerCase())) return null;
    parts.push(`${key}: ${nested}`);
  }
  const line = `{${parts.join(', ')}}`;
  return line.length <= 90 ? line : null;
}

// A short list of scalars, or of maps of scalars: `[{exact: 'long'}, {exact: 'int'}]`.
function printInlineList(list: readonly YamlTree[]): string | null {
  const parts: string[] = [];
  for (const item of list) {
    const inline = Array.isArray(item) ? null : printInline(item);
    if (inline === null) return null;
    parts.push(inline);
  }
  const line = `[${parts.join(', ')}]`;
  return line.length <= 60 || list.length === 0 ? line : null;
}

// Control characters and line ends would end the comment or reach a terminal.
function commentText(line: string): string {
  return line.toWellFormed().replace(/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu, ' ');
}

function printText(text: string): string {
  // Single quotes take every printable character; the rest needs the escapes of double quotes, which JSON has.
  if (/^[\x20-\x7e\u00a1-\u1fff\u3001-\ud7ff\uff01-\uffee]*$/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
