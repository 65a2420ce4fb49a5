/** Rewrites, after a wanted change of mesh.yaml or its messages, the schema in docs/ and the golden texts of mistakes. */
import { writeFileSync } from 'node:fs';
import { formatMeshJsonSchema } from '../src/mesh/mesh-json-schema.ts';
import { MISTAKE_GROUPS, mistakeGoldenUrl, mistakeSection } from '../test/mesh/mistakes/mistake-golden.ts';

writeFileSync(new URL('../docs/mesh.schema.json', import.meta.url), formatMeshJsonSchema());
for (const [group, mistakes] of Object.entries(MISTAKE_GROUPS)) {
  writeFileSync(mistakeGoldenUrl(group), mistakes.map(mistakeSection).join('\n'));
}
