/** Rewrites the snapshot of commands and flags after a wanted change of the surface; the contract test compares with it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { commandSurface } from './snapshot/command-surface.ts';

const root = new URL('..', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('oclif.manifest.json', root), 'utf8'));
const text = `${JSON.stringify(commandSurface(manifest), null, 2)}\n`;
writeFileSync(new URL('test/contract/commands.snapshot.json', root), text);
