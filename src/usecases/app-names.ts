import type { MeshConfig } from '../config/mesh-config.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { Situation } from './situation.ts';

/** Every application that mesh.yaml, the state file or the kernel knows, sorted. */
export function appNames(config: MeshConfig | null, situation: Situation | null): string[] {
  return [...new Set([...(config?.apps.keys() ?? []), ...(situation?.apps.keys() ?? [])])].sort();
}

/** The error for an application that nobody knows. */
export function unknownApp(name: string, known: readonly string[], where: string): WeirError {
  return new WeirError('WEIR1010', {
    what: `there is no application ${name}`,
    why: known.length === 0 ? `${where} has no applications` : `${where} has: ${known.join(', ')}`,
    hint: known.length === 0 ? 'add it under `apps:` (see `weir help mesh-yaml`)' : 'name one of these, or --all',
    details: { known },
  });
}

/** The error for a command that was given neither an application nor --all. */
export function noAppNamed(known: readonly string[], where: string): WeirError {
  return new WeirError('WEIR1011', {
    what: 'no application named',
    why: known.length === 0 ? `${where} has no applications` : `${where} has: ${known.join(', ')}`,
    hint:
      known.length === 0 ? 'add one under `apps:` (see `weir help mesh-yaml`)' : `name one or more of them, or --all`,
    details: { known },
  });
}
