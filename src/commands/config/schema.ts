/** The command `weir config schema`. */
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { buildMeshJsonSchema, formatMeshJsonSchema, type JsonSchema } from '../../mesh/mesh-json-schema.ts';

/** Prints the JSON Schema of mesh.yaml, by which editors complete and check the file. */
export default class ConfigSchemaCommand extends WeirCommand<typeof ConfigSchemaCommand, JsonSchema> {
  static override summary = 'Print the JSON Schema of mesh.yaml for editors.';
  static override description =
    'With --json the schema is the `result` of the envelope. Put the file where your editor finds it and add ' +
    '`# yaml-language-server: $schema=PATH` as the first line of mesh.yaml.';
  static override examples = ['<%= config.bin %> config schema > mesh.schema.json'];

  protected override async execute(): Promise<CommandOutcome<JsonSchema>> {
    return { result: buildMeshJsonSchema(), text: formatMeshJsonSchema, isVerbatim: true };
  }
}
