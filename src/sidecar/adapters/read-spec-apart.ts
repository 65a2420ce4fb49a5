/** Reads mesh.yaml for a supervisor, in a process that ends. */
import { errorOf } from '../../platform/agent/protocol.ts';
import { runTool } from '../../platform/exec.ts';
import { programArgv } from '../../platform/process/programs.ts';
import { type RecordKind, readText, requireRecord } from '../../platform/record.ts';
import { PRINTED_SPEC, PRINTED_SPECS } from '../records/sidecar-records.ts';
import type { SupervisedSidecar } from '../usecases/supervised-sidecar.ts';

/**
 * Reads mesh.yaml in a process of its own, because its parsers would stay in the memory of a supervisor for ever. Throws
 * the error that reading it here would have thrown. That process is of the weir that is installed now, which may be a
 * later one than this: WEIR2025 then.
 */
export function readSpecApart(config: string, name: string): Promise<SupervisedSidecar> {
  return readApart(PRINTED_SPEC, [config, name]);
}

/** The same for every sidecar that weir runs. */
export async function readSpecsApart(config: string): Promise<readonly SupervisedSidecar[]> {
  return (await readApart(PRINTED_SPECS, [config])).sidecars;
}

async function readApart<T extends object>(
  kind: RecordKind<T | { readonly error: unknown }>,
  args: readonly string[],
): Promise<T> {
  const { stdout } = await runTool([...programArgv('printSpec'), ...args], { timeoutMs: 30_000 });
  const printed = requireRecord(kind, 'what the installed weir reads from mesh.yaml', readText(kind, stdout));
  if ('error' in printed) throw errorOf(printed.error);
  return printed;
}
