/** What registries hold, safe for a terminal: anybody may write into them. */
import { printableText } from '../../mesh/printable-text.ts';

/** The same data, in which no text moves a cursor, colours a line or turns its direction. */
export function printable<Data>(data: Data): Data {
  return printed(data) as Data;
}

function printed(data: unknown): unknown {
  if (typeof data === 'string') return printableText(data);
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) return data.map(printed);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [printableText(key), printed(value)]));
}
