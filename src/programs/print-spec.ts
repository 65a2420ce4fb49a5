/** A program of its own: prints what mesh.yaml says of one sidecar or of all, or the error that stopped it. See `readSpecApart`. */
import { WeirError } from '../errors/weir-error.ts';
import { errorParts } from '../platform/agent/protocol.ts';
import { recordText } from '../platform/record.ts';
import { sidecarMesh } from '../sidecar/compose.ts';
import { PRINTED_SPEC, PRINTED_SPECS } from '../sidecar/records/sidecar-records.ts';
import { readSupervisedSidecar, readSupervisedSidecars } from '../sidecar/usecases/supervised-sidecar.ts';

const [config = '', name] = process.argv.slice(2);
const mesh = sidecarMesh(config);
try {
  // Without a name: all.
  if (name === undefined) {
    process.stdout.write(recordText(PRINTED_SPECS, { sidecars: await readSupervisedSidecars(mesh) }));
  } else {
    process.stdout.write(recordText(PRINTED_SPEC, await readSupervisedSidecar(mesh, name)));
  }
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  process.stdout.write(recordText(PRINTED_SPEC, { error: errorParts(error) }));
}
