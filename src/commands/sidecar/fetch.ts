/** The command `weir sidecar fetch`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { wrongFlagValue } from '../../cli/flags.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { type FetchResult, fetchBinary } from '../../sidecar/usecases/fetch-binary.ts';

/** Puts an Envoy binary into the versions store of a sidecar. */
export default class SidecarFetchCommand extends SidecarCommand<typeof SidecarFetchCommand, FetchResult> {
  static override summary = 'Put an Envoy binary into the versions store of a sidecar.';
  static override description =
    'Checks that the file is a whole Envoy for this machine, that its SHA-256 is the one of --sha256, of FILE.sha256 or SHA256SUMS beside it, and of mesh.yaml, and that it runs under the account of the sidecar. The store keeps it by its content, with its file capabilities; nobody else writes to it. Then `weir sidecar upgrade NAME --version V` takes it.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    from: Flags.string({
      required: true,
      helpValue: 'FILE|DIR',
      summary: 'The binary, or a folder with one: envoy, bin/envoy, usr/bin/envoy, usr/local/bin/envoy.',
    }),
    sha256: Flags.custom<string>({
      helpValue: 'HEX',
      summary: 'The SHA-256 that it must have (default: that of mesh.yaml, if it has one).',
      parse: async (input) => {
        if (/^[0-9a-f]{64}$/i.test(input)) return input.toLowerCase();
        throw wrongFlagValue('sha256', input, '64 hexadecimal digits');
      },
    })(),
    'dry-run': Flags.boolean({ summary: 'Check and store nothing.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar fetch main --from /usr/local/lib/envoy/1.40.0/envoy',
    '<%= config.bin %> sidecar fetch main --from ./envoy-1.40.0 --dry-run',
  ];

  protected override async execute(): Promise<CommandOutcome<FetchResult>> {
    const { name } = this.args;
    const { from, sha256, 'dry-run': dryRun } = this.flags;
    const flags = { from, sha256: sha256 ?? null, dryRun };
    const result = await fetchBinary(this.ports, name, flags, (text) => void this.warn(text));
    return { result, text: () => fetchText(name, result) };
  }
}

function fetchText(
  name: string,
  { outcome, version, sha256, path, bytes, capabilities, removed }: FetchResult,
): string {
  const verb = { stored: 'stored', known: 'there already', 'dry-run': 'would be stored' }[outcome];
  const lines = [`${name}: Envoy ${version} ${verb}, ${(bytes / 1e6).toFixed(0)} MB, sha256 ${sha256}`, `  ${path}`];
  if (capabilities !== null && capabilities !== '') lines.push(`  file capabilities: ${capabilities}`);
  for (const old of removed) lines.push(`  removed: Envoy ${old.version}, sha256 ${old.sha256}`);
  if (outcome !== 'dry-run') lines.push(`  next: weir sidecar upgrade ${name} --version ${version}`);
  return lines.join('\n');
}
