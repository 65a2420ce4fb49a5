/** Groups of mistakes and their golden files. */
import { formatFileProblems } from '../../../src/cli/file-problems.ts';
import type { Paint } from '../../../src/cli/paint.ts';
import { parseMeshConfig } from '../../../src/mesh/parse-mesh.ts';
import { APP_MISTAKES } from './app.ts';
import { DISCOVERY_MISTAKES } from './discovery.ts';
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
  discovery: DISCOVERY_MISTAKES,
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
  return `## ${name}\n${formatFileProblems({ problems, total: problems.length }, 'WEIR1020', PLAIN_PAINT)}`;
}
