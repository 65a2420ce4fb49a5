/** What a demo in namespaces needs and this machine lacks. */
import { existsSync } from 'node:fs';
import { WEIR_BIN } from '../../test/run-weir.ts';
import { type EnvoyVersion, envoyBinary } from '../setup/envoy.ts';
import { etcdBinary } from '../setup/etcd.ts';
import { isInstalled } from '../setup/packages.ts';

/** A line for each thing that is missing, with how it comes. */
export async function missingForDemo(envoys: readonly EnvoyVersion[]): Promise<string[]> {
  const lines: string[] = [];
  if (process.getuid?.() !== 0) lines.push('root, for network namespaces: sudo npm run demo:fleet');
  for (const tool of ['ip', 'nsenter', 'setpriv', 'nft', 'conntrack']) {
    if (!(await isInstalled(tool))) lines.push(`${tool}: npm run setup -- --only packages`);
  }
  if (!(await isInstalled(await etcdBinary()))) lines.push('etcd: npm run setup -- --only etcd');
  for (const version of envoys)
    if (!existsSync(envoyBinary(version))) lines.push(`Envoy ${version}: npm run setup -- --only envoy`);
  if (!existsSync(new URL('../../dist/commands/fleet/status.js', import.meta.url)))
    lines.push(`the build of ${WEIR_BIN}: npm run build`);
  return lines;
}
