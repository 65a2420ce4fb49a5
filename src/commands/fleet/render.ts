/** The command `weir fleet render`. */
import { resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { PlacedObject } from '../../fleet/model/parse-objects.ts';
import { readObjectFiles } from '../../fleet/usecases/read-files.ts';
import { certificateFiles, type Rendered, renderGateway, renderObjects } from '../../fleet/usecases/render-release.ts';

/** Prints what the operator writes into a cluster for releases. */
export default class FleetRenderCommand extends WeirCommand<typeof FleetRenderCommand, Rendered> {
  static override summary = 'Print the SidecarSets of releases for pods, and what gateways are made of.';
  static override description =
    'With --out the files of a gateway go into a folder, from which `weir sidecar run gateway` runs it on a plain host. Wave 0 moves no pod (partition: 100%); a wave of N per cent keeps 100 - N. No store is written.';
  static override strict = false;
  static override args = { file: Args.string({ required: true, description: 'Files of releases.' }) };
  static override flags = {
    wave: Flags.integer({ min: 0, default: 0, helpValue: 'N', summary: 'How far the waves are.' }),
    former: Flags.string({
      helpValue: 'VERSION',
      summary: 'The version that pods get which are new during the waves.',
    }),
    namespace: Flags.string({ default: 'weir-system', helpValue: 'NAME', summary: 'Of gateways in a cluster.' }),
    image: Flags.string({ default: 'weir:latest', helpValue: 'IMAGE', summary: 'Of gateways in a cluster.' }),
    out: Flags.string({ helpValue: 'DIR', summary: 'Write the files of one gateway for a plain host.' }),
    tls: Flags.string({
      default: '/etc/weir/tls',
      helpValue: 'DIR',
      summary: 'A folder a secret, with tls.crt and tls.key.',
    }),
    binary: Flags.string({
      default: '/usr/local/bin/envoy',
      helpValue: 'FILE',
      summary: 'The Envoy.',
    }),
    user: Flags.string({ default: 'envoy', helpValue: 'USER', summary: 'The account of Envoy.' }),
  };
  static override examples = [
    '<%= config.bin %> fleet render gateway.yaml --out /etc/weir/edge',
    '<%= config.bin %> fleet render mesh.yaml --wave 1 | kubectl diff -f -',
  ];

  protected override async execute(): Promise<CommandOutcome<Rendered>> {
    const { missingOf, readObjectsText, writeFolder } = await import('../../fleet/compose.ts');
    const objects = await readObjectFiles(this.words, readObjectsText);
    const { wave, former, namespace, image, out, tls, binary, user, 'run-dir': runDir } = this.flags;
    if (out === undefined) {
      const result = await renderObjects(objects, { wave, former: former ?? null, namespace, image }, readObjectsText);
      return { result, text: () => result.text, isVerbatim: true };
    }
    const folder = resolve(out);
    const account = /^\d+$/.test(user) ? Number(user) : user;
    const place = {
      config: folder,
      secrets: resolve(tls),
      runDir: resolve(runDir),
      binary: resolve(binary),
      user: account,
    };
    const gateway = onlyGateway(objects);
    const files = await renderGateway(gateway, place, readObjectsText);
    await writeFolder(folder, files);
    for (const missing of await missingOf([place.binary, ...certificateFiles(gateway, place)])) {
      this.warn(`${missing} is not there: the gateway needs it on its host`);
    }
    const documents = Object.entries(files).map(([name, text]) => ({ path: `${folder}/${name}`, text }));
    const result = { documents, text: documents.map(({ path }) => `${path}\n`).join('') };
    return { result, text: () => result.text, isVerbatim: true };
  }
}

function onlyGateway(objects: readonly PlacedObject[]): PlacedObject {
  const [gateway] = objects;
  if (gateway?.object.kind === 'Gateway' && objects.length === 1) return gateway;
  throw new WeirError('WEIR1601', {
    what: '--out takes one gateway',
    why: `the files hold ${objects.map(({ object }) => `${object.kind}/${object.metadata.name}`).join(', ') || 'nothing'}`,
    hint: 'give a file with one object of kind Gateway',
  });
}
