/** YAML that Dubbo does not load. */
import type { RouterWorld } from './router-world.ts';
import type { RuleSource } from './rule-source.ts';

/** Why the router does not load a YAML rule, or null. A condition rule has then no effect; own tags decide alone. */
export function loadFault(source: RuleSource, world: RouterWorld): string | null {
  for (const { name, needs } of source.oddFields) {
    if (needs === 'nothing') return `${name} is not read by SnakeYAML`;
    if (needs === 'number') return `${name} is no whole number`;
    if (needs === 'text' && world.does('text-fields-only')) return `${name} is no text`;
    if (needs === 'flag' && !world.does('flags-as-text')) return `${name} is a text instead of true or false`;
  }
  if (source.conditions.length > 0 && isNewer(source.configVersion) && world.does('newer-conditions-only'))
    return `conditions that are texts with configVersion ${source.configVersion}`;
  for (const tag of source.tags) {
    if (typeof tag.name !== 'string' && tag.name !== null && world.does('text-fields-only'))
      return 'the name of a tag is no text';
    const isRead = source.configVersion?.startsWith('v3.0') === true;
    if (isRead && tag.match === null && tag.addresses.length === 0 && world.does('tag-match-read'))
      return `the tag ${JSON.stringify(tag.name)} has neither addresses nor a match`;
  }
  return null;
}

/** v3.1, or a text that sorts after it, without regard to case. */
function isNewer(configVersion: string | null): boolean {
  const version = configVersion?.toLowerCase() ?? '';
  return version.startsWith('v3.1') || version > 'v3.1';
}
