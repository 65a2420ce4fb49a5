import type { SidecarSpec } from '../../usecases/ports/sidecar.ts';
import { throwControlError } from '../control-socket.ts';
import { runTool } from '../exec.ts';
import { programFile } from '../lean-runtime.ts';

/** What a supervisor needs of mesh.yaml. */
export interface SupervisedSidecar {
  readonly spec: SidecarSpec;
  /** Names of the applications that go through it. */
  readonly apps: readonly string[];
}

/**
 * Reads mesh.yaml in a process of its own, because its parsers would stay in the memory of a supervisor for ever. Throws
 * the error that reading it here would have thrown.
 */
export async function readSpecApart(config: string, name: string): Promise<SupervisedSidecar> {
  const { stdout } = await runTool([process.execPath, programFile('host/envoy/print-spec'), config, name], {
    timeoutMs: 30_000,
  });
  return throwControlError(JSON.parse(stdout)) as unknown as SupervisedSidecar;
}
