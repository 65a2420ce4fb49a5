import { WeirError } from '../errors/weir-error.ts';
import { validateBootstrap } from '../host/envoy/envoy-binary.ts';
import { runAsAccount } from '../host/envoy/run-as.ts';
import type { SidecarHost, SidecarSpec } from '../usecases/ports/sidecar.ts';

/** The pair to start when nothing runs: the settled one, else what mesh.yaml names, which is checked first. */
export async function firstPair(host: SidecarHost, spec: SidecarSpec, warn: (text: string) => void): Promise<string> {
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
  const problem = await validateBootstrap(pair.binary, pair.bootstrap, runAsAccount(spec.uid, spec.gid), 30_000);
  if (problem === null) return pair.id;
  throw new WeirError('WEIR4014', {
    what: `${spec.name} cannot be started`,
    why: `Envoy does not accept ${spec.bootstrap}: ${problem}`,
    hint: `mend the bootstrap; \`weir sidecar init ${spec.name}\` writes one that works`,
  });
}
