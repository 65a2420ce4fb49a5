/** Rewrites the imports of Node's own modules in a bundle. */
import { isBuiltin } from 'node:module';
import { parseSync } from 'oxc-parser';
import { banner } from './options.ts';

/**
 * A file of a bundle with calls of the banner's `require` in place of its imports of Node's own modules. What is imported
 * must have all its names, so Node asks each one for its value, and loads what it otherwise loads late: web sockets, web
 * streams, the crypto of browsers. That took a command more processor time than to start Node.
 */
export function requireBuiltins(file: string, code: string): string {
  if (!code.startsWith(banner)) throw new Error(`${file} does not begin with the banner`);
  const body = code.slice(banner.length);
  const { module, errors } = parseSync(file, body);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  for (const { moduleRequest } of module.staticExports.flatMap(({ entries }) => entries)) {
    if (moduleRequest && isBuiltin(moduleRequest.value))
      throw new Error(`${file} exports names of ${moduleRequest.value}`);
  }
  let [required, rest, from] = ['', '', 0];
  for (const { start, end, moduleRequest, entries } of module.staticImports) {
    if (!isBuiltin(moduleRequest.value)) continue;
    rest += body.slice(from, start);
    from = end;
    const call = `require(${JSON.stringify(moduleRequest.value)})`;
    const named = entries.filter(({ importName }) => importName.kind === 'Name');
    const whole = entries.filter(({ importName }) => importName.kind !== 'Name');
    for (const { localName } of whole) required += `const ${localName.value}=${call};`;
    const names = named.map(({ importName, localName }) => `${importName.name}:${localName.value}`);
    if (names.length > 0) required += `const{${names.join(',')}}=${call};`;
  }
  // Imports count before every other line of a file, and so must what stands in their place.
  return `${banner}\n${required}${rest}${body.slice(from)}`;
}
