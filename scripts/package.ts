/**
 * Builds the packages into out/: a .deb, a .tar.gz, their checksums and the bill of what is in them. Two builds of a commit
 * by one user on one machine give the same bytes. `--out DIR`, `--version V` instead of that of package.json. Needs dpkg-deb, strip and tar.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeArchive } from './package/archive.ts';
import { writeDeb } from './package/deb.ts';
import { packageFacts } from './package/facts.ts';
import { softwareBill } from './package/sbom.ts';
import { writeTree } from './package/tree.ts';

const { values } = parseArgs({ options: { out: { type: 'string' }, version: { type: 'string' } } });
const out = resolve(values.out ?? join(import.meta.dirname, '..', 'out'));
const facts = packageFacts(values.version);
const work = mkdtempSync(join(tmpdir(), 'weir-package-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const tree = join(work, 'tree');
mkdirSync(tree);
mkdirSync(out, { recursive: true });
await writeTree(tree, facts);
const deb = join(out, `weir_${facts.version}_${facts.arch.debian}.deb`);
const archive = join(out, `weir-${facts.version}-linux-${facts.arch.node}.tar.gz`);
const bill = join(out, `weir-${facts.version}.cdx.json`);
writeArchive(tree, work, archive, facts);
copyFileSync(join(tree, 'usr/bin/weir'), join(work, 'weir'));
writeDeb(tree, deb, facts);
writeFileSync(bill, softwareBill(facts));

const lines = [deb, archive, bill].map((file) => {
  const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
  process.stdout.write(`${(statSync(file).size / 1e6).toFixed(1).padStart(7)} MB  ${basename(file)}\n`);
  return `${sum}  ${basename(file)}\n`;
});
writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
process.stdout.write(
  `${(statSync(join(work, 'weir')).size / 1e6).toFixed(1).padStart(7)} MB  the executable in them\n`,
);
