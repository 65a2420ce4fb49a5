/** The command `weir sidecar init`. */
import { resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { wrongFlagValue } from '../../cli/flags.ts';
import { readListenPlace } from '../../cli/listen-place.ts';
import { readPort } from '../../mesh/port-range.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { initSidecar } from '../../sidecar/usecases/init-sidecar.ts';

interface InitResult {
  readonly bootstrap: string;
  readonly accessLog: string | null;
}

function dubboPort(text: string): number {
  const read = readPort(text);
  if ('value' in read) return read.value;
  throw wrongFlagValue('dubbo', text, 'ports from 1 to 65535, with commas between them');
}

/** Writes a bootstrap for a sidecar of mesh.yaml, so that nobody has to know Envoy to begin. */
export default class SidecarInitCommand extends SidecarCommand<typeof SidecarInitCommand, InitResult> {
  static override summary = 'Write an Envoy bootstrap for a sidecar of mesh.yaml.';
  static override description =
    'Listeners for diverted traffic on both families, transparent ones for `mode: tproxy`, HTTP and TCP, the admin address of mesh.yaml, a JSON access log. Envoy itself checks the file before it is there; without a `binary` in mesh.yaml nobody does, and a warning says so.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    out: Flags.string({ helpValue: 'FILE', summary: 'Where to write it (default: `bootstrap` of mesh.yaml).' }),
    force: Flags.boolean({ summary: 'Write over an existing file.' }),
    dubbo: Flags.string({
      multiple: true,
      delimiter: ',',
      helpValue: 'PORT[,PORT]',
      summary: 'Ports on which Dubbo providers listen: idle connections to them drain at an upgrade.',
    }),
    discovery: Flags.boolean({
      summary: 'Take the outbound listener, clusters and routes from the discovery agent of this host.',
    }),
    server: Flags.string({
      helpValue: 'ADDRESS',
      summary: 'Ask the control plane there instead (`weir discovery serve`): IP:PORT or unix:/PATH.',
    }),
    protocol: Flags.option({
      options: ['delta', 'sotw'] as const,
      default: 'delta' as const,
      summary: 'With --server: the variant of xDS.',
    })(),
    ipv6: Flags.boolean({ allowNo: true, default: true, summary: 'Listen on IPv6 as well.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar init main',
    '<%= config.bin %> sidecar init main --out ./envoy.yaml',
    '<%= config.bin %> sidecar init main --dubbo 20880',
    '<%= config.bin %> sidecar init main --discovery',
    '<%= config.bin %> sidecar init main --server 10.0.0.5:15010 --protocol sotw',
  ];

  protected override async execute(): Promise<CommandOutcome<InitResult>> {
    const { name } = this.args;
    const { out, force, ipv6, dubbo = [], discovery, server, protocol } = this.flags;
    const request = {
      out: out === undefined ? null : resolve(out),
      force,
      ipv6,
      discovery,
      server: server === undefined ? null : { place: readListenPlace('server', server), variant: protocol },
      dubboPorts: [...new Set(dubbo.map(dubboPort))],
    };
    const warn = (text: string) => void this.warn(text);
    const { isConfigured, isRun, ...result } = await initSidecar(this.ports, name, request, warn);
    const first = isConfigured ? '' : `name it in mesh.yaml, sidecars.${name}.bootstrap; then `;
    const next = isRun ? `${first}\`weir sidecar run ${name}\`` : `start Envoy with it, as the account of ${name}`;
    return { result, text: () => `wrote ${result.bootstrap}\nnext: ${next}` };
  }
}
