/** The bill of what is in a package: CycloneDX by npm, and the Node that it holds. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { ROOT } from '../build/options.ts';
import { NODE } from './executable.ts';
import type { PackageFacts } from './facts.ts';

/** CycloneDX as JSON. npm's own has the present time and a random number; here both follow from what is in it. */
export function softwareBill(facts: PackageFacts): string {
  const argv = [
    'sbom',
    '--omit',
    'dev',
    '--sbom-format',
    'cyclonedx',
    '--sbom-type',
    'application',
    '--package-lock-only',
  ];
  const text = execFileSync('npm', argv, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1e8,
  });
  const bill = JSON.parse(text);
  const version = execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const node = {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    licenses: [{ license: { id: 'MIT' } }],
    purl: `pkg:generic/node@${version}`,
  };
  bill.components.push(node);
  bill.metadata.timestamp = new Date(facts.epoch * 1000).toISOString();
  bill.metadata.component = { ...bill.metadata.component, name: 'weir', version: facts.version };
  delete bill.serialNumber;
  const hex = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)];
  return `${JSON.stringify({ ...bill, serialNumber: `urn:uuid:${uuid.join('-')}` }, null, 2)}\n`;
}
