/** A program of its own: asks a URL and ends with 0, or prints why it does not hold and ends with 1. See `rehearsal.ts`. */
import { askUrl } from '../sidecar/adapters/ask-url.ts';

const [url = '', timeoutMs = ''] = process.argv.slice(2);
const problem = await askUrl(url, Number(timeoutMs));
if (problem !== null) {
  process.stdout.write(`${problem}\n`);
  process.exitCode = 1;
}
