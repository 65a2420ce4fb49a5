/** Picks the target's lowering and checks its version. */
import { WeirError } from '../../errors/weir-error.ts';
import { lowerAeraki } from './aeraki.ts';
import { DUBBO_MESH_VERSIONS, lowerDubboMesh } from './dubbo-mesh.ts';
import { lowerEnvoy } from './envoy/lower-envoy.ts';
import { lowerEnvoyDubbo } from './envoy-dubbo.ts';
import { lowerIstio } from './istio.ts';
import type { LoweredPlan, LoweringInput, TargetName } from './target.ts';

/** The targets with their versions, the default first. */
const TARGET_VERSIONS: Readonly<Record<TargetName, readonly string[]>> = {
  'dubbo-mesh': DUBBO_MESH_VERSIONS,
  istio: ['1.20'],
  envoy: ['1.40'],
  'envoy-dubbo': ['1.30'],
  aeraki: ['1.4'],
};

/** Writes a plan in the language of a target. */
export function lowerPlan(target: TargetName, input: LoweringInput): LoweredPlan {
  if (target === 'dubbo-mesh') return lowerDubboMesh(input);
  if (target === 'istio') return lowerIstio(input);
  if (target === 'envoy') return lowerEnvoy(input);
  return target === 'aeraki' ? lowerAeraki(input) : lowerEnvoyDubbo(input);
}

/** The version to write for: the one asked for, or the target's default. Throws WEIR5024 for an unknown one. */
export function targetVersion(target: TargetName, asked: string | undefined): string {
  const known = TARGET_VERSIONS[target];
  if (asked === undefined) return known[0] ?? '';
  if (known.includes(asked)) return asked;
  throw new WeirError('WEIR5024', {
    what: `--target-version got ${JSON.stringify(asked)}`,
    why: `${target} is known in the versions ${known.join(', ')}`,
    hint: 'leave the flag out for the default',
  });
}
