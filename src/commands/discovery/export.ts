/** The command `weir discovery export`. */
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { rulesReader, writeEnvoyFile } from '../../discovery/compose.ts';
import { DiscoveryCommand } from '../../discovery/text/discovery-command.ts';
import { exportText } from '../../discovery/text/export-text.ts';
import { type ExportedBootstrap, exportBootstrap } from '../../discovery/usecases/export-bootstrap.ts';

type ExportResult = Omit<ExportedBootstrap, 'bootstrap'> & { readonly file: string };

/** Writes a bootstrap that holds what the registries say now. */
export default class ExportCommand extends DiscoveryCommand<typeof ExportCommand, ExportResult> {
  static override summary = 'Write a bootstrap with clusters and routes of what a sidecar consumes.';
  static override description =
    'Reads the registries once. A stock Envoy starts from the file without an agent: Dubbo calls are balanced by application, interface, group and version; everything else goes where it wanted to go. The file does not follow the registries.';
  static override flags = {
    out: Flags.string({ required: true, summary: 'The folder for envoy.json.' }),
    sidecar: Flags.string({
      summary: 'The sidecar; not needed where only one has applications that consume something.',
    }),
    ipv6: Flags.boolean({ allowNo: true, default: true, summary: 'Listen on IPv6 as well.' }),
  };
  static override examples = ['<%= config.bin %> discovery export --out /etc/weir/main'];

  protected override async execute(): Promise<CommandOutcome<ExportResult>> {
    const mesh = await this.mesh();
    const request = { sidecar: this.flags.sidecar ?? null, ipv6: this.flags.ipv6 };
    const { bootstrap, ...exported } = await exportBootstrap(mesh, request, this.registries, rulesReader);
    for (const { file, why } of exported.unreadRules) {
      this.warn(`${file} was not read: ${why}; the calls of its script keep the address that consumers picked`);
    }
    const file = await writeEnvoyFile(this.flags.out, bootstrap);
    return { result: { ...exported, file }, text: (paint) => exportText(file, exported, paint) };
  }
}
