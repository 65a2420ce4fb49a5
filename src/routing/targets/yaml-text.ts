/** A number that must be read as a Double: `6` is printed as `6.0`, for Dubbo drops an integer literal in silence. */
export class YamlFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What a rule document is made of. Numbers are integers; a field whose value is undefined is left out. */
export type YamlTree =
  | string
  | number
  | boolean
  | YamlFloat
  | readonly YamlTree[]
  | { readonly [key: string]: YamlTree | undefined };

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
// YAML 1.1 reads these bare words as booleans or null.
const RESERVED = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null']);

/**
 * Prints a tree as YAML that every YAML 1.1 and 1.2 reader understands alike: all strings quoted, floats with a point or
 * exponent, two spaces a level, no anchors, no folding. The same tree gives the same bytes.
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
  if (typeof tree === 'string') return printText(tree);
  if (typeof tree === 'number' || typeof tree === 'boolean') return String(tree);
  if (tree instanceof YamlFloat) return printFloat(tree.value);
  if (Array.isArray(tree)) return tree.length === 0 ? '[]' : null;
  const entries = Object.entries(tree).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '{}';
  if (entries.length > 2) return null;
  const parts: string[] = [];
  for (const [key, value] of entries) {
    const scalar = typeof value === 'object' && !(value instanceof YamlFloat);
    const nested = scalar ? null : printInline(value as YamlTree);
    if (nested === null || !PLAIN_KEY.test(key) || RESERVED.has(key.toLowerCase())) return null;
    parts.push(`${key}: ${nested}`);
  }
  const line = `{${parts.join(', ')}}`;
  return line.length <= 90 ? line : null;
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
