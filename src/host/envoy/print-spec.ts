// A program of its own: prints what mesh.yaml says of a sidecar as JSON, or the error that stopped it. See `readSpecApart`.
import { WeirError } from '../../errors/weir-error.ts';
import { readSupervisedSidecar } from './supervised-sidecar.ts';

const [config = '', name = ''] = process.argv.slice(2);
try {
  process.stdout.write(JSON.stringify(await readSupervisedSidecar(config, name)));
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  const { code, what, why, hint, exit, details } = error;
  process.stdout.write(JSON.stringify({ error: { code, what, why, hint, exit, details } }));
}
