/** Names of the output files of scripts, made of their paths. */
import { createHash } from 'node:crypto';

/**
 * A name for each path below the input's root (`team-a/route.groovy` is `team-a-route`), free of dots: Dubbo reads a dot in
 * metadata.name as the name of another router. Where letters other than ASCII were lost, and where two paths would have one
 * name, six hex digits of the path follow.
 */
export function scriptNames(paths: readonly string[]): Map<string, string> {
  const plain = new Map(paths.map((path) => [path, nameOf(path)]));
  const counts = new Map<string, number>();
  for (const name of plain.values()) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  return new Map(
    [...plain].map(([path, name]) => [path, counts.get(name.toLowerCase()) === 1 ? name : `${name}-${digits(path)}`]),
  );
}

function nameOf(path: string): string {
  const stem = path.replace(/\.[^./]*$/, '').normalize('NFC');
  const slug = stem.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything outside ASCII is what is meant.
  const isLost = /[^\x00-\x7f]/.test(stem);
  if (slug === '') return `rule-${digits(path)}`;
  return isLost ? `${slug}-${digits(path)}` : slug;
}

function digits(path: string): string {
  return createHash('sha256').update(path.normalize('NFC')).digest('hex').slice(0, 6);
}
