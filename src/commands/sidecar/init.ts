import { resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { readPort } from '../../config/port-range.ts';
import { loadMeshConfig } from '../../host/config-file.ts';
import { openSidecar } from '../../host/envoy/open-sidecar.ts';
import { readSidecarSpec, requireSidecar } from '../../host/envoy/sidecar-spec.ts';
import { writeBootstrap } from '../../host/envoy/write-bootstrap.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { wrongFlagValue } from '../../present/flags.ts';
import { sidecarBootstrap } from '../../upgrade/sidecar-bootstrap.ts';

interface InitResult {
  readonly bootstrap: string;
  readonly accessLog: string;
}

function dubboPort(text: string): number {
  const read = readPort(text);
  if ('value' in read) return read.value;
  throw wrongFlagValue('dubbo', text, 'ports from 1 to 65535, with commas between them');
}

/** Writes a bootstrap for a sidecar of mesh.yaml, so that nobody has to know Envoy to begin. */
export default class SidecarInitCommand extends WeirCommand<typeof SidecarInitCommand, InitResult> {
  static override summary = 'Write an Envoy bootstrap for a sidecar of mesh.yaml.';
  static override description =
    'Listeners for redirected traffic on both families, HTTP and TCP, the admin address of mesh.yaml, a JSON access log. Envoy itself checks the file before it is there.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    out: Flags.string({ helpValue: 'FILE', summary: 'Where to write it (default: `bootstrap` of mesh.yaml).' }),
    force: Flags.boolean({ summary: 'Write over an existing file.' }),
    dubbo: Flags.string({
      multiple: true,
      delimiter: ',',
      helpValue: 'PORT,..',
      summary: 'Ports on which Dubbo providers listen: idle connections to them drain at an upgrade.',
    }),
    ipv6: Flags.boolean({ allowNo: true, default: true, summary: 'Listen on IPv6 as well.' }),
  };
  static override examples = [
    '<%= config.bin %> sidecar init main',
    '<%= config.bin %> sidecar init main --out ./envoy.yaml',
    '<%= config.bin %> sidecar init main --dubbo 20880',
  ];

  protected override async execute(): Promise<CommandOutcome<InitResult>> {
    const { name } = this.args;
    const { config, out, force, ipv6, dubbo = [], 'run-dir': runDir, 'state-dir': stateDir } = this.flags;
    const spec = await readSidecarSpec(config, name);
    const sidecar = requireSidecar(await loadMeshConfig(config), name);
    const bootstrap = resolve(out ?? spec.bootstrap);
    const accessLog = resolve(runDir, name, 'access.log');
    const content = sidecarBootstrap({
      name,
      outbound: sidecar.outbound ?? null,
      inbound: sidecar.inbound ?? null,
      admin: spec.admin,
      accessLog,
      ipv6,
      dubboPorts: [...new Set(dubbo.map(dubboPort))],
    });
    await openSidecar({ runDir, stateDir }, spec).prepare(spec);
    await writeBootstrap(bootstrap, content, spec.binary, { accessLog, force });
    return { result: { bootstrap, accessLog }, text: () => `wrote ${bootstrap}\nnext: weir sidecar run ${name}` };
  }
}
