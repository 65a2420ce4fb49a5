import { parseMeshConfig } from '../../../src/config/parse-mesh.ts';
import { formatConfigProblems } from '../../../src/present/config-problems.ts';
import type { Paint } from '../../../src/present/paint.ts';
import { APP_MISTAKES } from './app.ts';
import type { Mistake } from './documents.ts';
import { SIDECAR_MISTAKES } from './sidecar.ts';
import { TOP_LEVEL_MISTAKES } from './top-level.ts';
import { YAML_MISTAKES } from './yaml.ts';

/** Every mistake, by the name of its golden file. */
export const MISTAKE_GROUPS: Readonly<Record<string, readonly Mistake[]>> = {
  yaml: YAML_MISTAKES,
  'top-level': TOP_LEVEL_MISTAKES,
  sidecar: SIDECAR_MISTAKES,
  app: APP_MISTAKES,
};

const same = (text: string) => text;

/** A paint without colours. */
export const PLAIN_PAINT: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };

/** Where the golden file of a group is. */
export function mistakeGoldenUrl(group: string): URL {
  return new URL(`../../fixtures/mesh-mistakes/${group}.golden`, import.meta.url);
}

/** One section of a golden file: the name, and all that a user reads about the mistake. */
export function mistakeSection({ name, yaml }: Mistake): string {
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  const problems = 'errors' in parsed ? parsed.errors : [];
  return `## ${name}\n${formatConfigProblems({ problems, total: problems.length }, 'WEIR1020', PLAIN_PAINT)}`;
}
