import { basename, dirname, extname } from 'node:path';

/**
 * A name for each path, free of dots (Dubbo reads a dot in metadata.name as the name of another router): the file's name, and
 * where two meet, the folders above it in front.
 */
export function scriptNames(paths: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  let open = [...paths];
  for (let depth = 0; open.length > 0 && depth < 20; depth += 1) {
    const wanted = new Map<string, string[]>();
    for (const path of open) {
      const name = nameOf(path, depth);
      wanted.set(name, [...(wanted.get(name) ?? []), path]);
    }
    open = [];
    for (const [name, owners] of wanted) {
      const [only] = owners;
      const free = ![...names.values()].includes(name);
      if (owners.length === 1 && only !== undefined && free) names.set(only, name);
      else open.push(...owners);
    }
  }
  open.forEach((path, index) => {
    names.set(path, `${nameOf(path, 20)}-${index + 1}`);
  });
  return names;
}

function nameOf(path: string, depth: number): string {
  const parts = [basename(path, extname(path))];
  let folder = dirname(path);
  for (let at = 0; at < depth && folder !== '.' && folder !== dirname(folder); at += 1) {
    parts.unshift(basename(folder));
    folder = dirname(folder);
  }
  const name = parts
    .join('-')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'rule' : name;
}
