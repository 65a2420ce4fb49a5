/** The choice of the pair for a start without a running Envoy. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarHost, SidecarSpec, StoredPair } from '../ports.ts';
import { requireSha256 } from '../require-sha256.ts';

/** Has a binary check a bootstrap, as the account of the sidecar; null when it accepts it, else the problem. */
export type CheckPair = (spec: SidecarSpec, pair: StoredPair) => Promise<string | null>;

/** The pair to start when nothing runs: the settled one, else what mesh.yaml names, which is checked first. */
export async function firstPair(
  host: SidecarHost,
  spec: SidecarSpec,
  check: CheckPair,
  warn: (text: string) => void,
): Promise<string> {
  const { current } = await host.pairs.pointers();
  if (current !== null && (await host.pairs.read(current)) !== null) {
    const named = await host.pairs.stage(spec.binary, spec.bootstrap).catch(() => null);
    if (named !== null && named.id !== current) {
      warn(
        `mesh.yaml names another binary or bootstrap than the settled one: \`weir sidecar upgrade ${spec.name}\` takes it`,
      );
    }
    return current;
  }
  const pair = await host.pairs.stage(spec.binary, spec.bootstrap);
  requireSha256(spec, pair);
  const problem = await check(spec, pair);
  if (problem === null) return pair.id;
  throw new WeirError('WEIR4014', {
    what: `${spec.name} cannot be started`,
    why: `Envoy does not accept ${spec.bootstrap}: ${problem}`,
    hint: `mend the bootstrap; \`weir sidecar init ${spec.name}\` writes one that works`,
  });
}
