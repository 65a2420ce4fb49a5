#!/usr/bin/env node
// Runs src/ directly, for people who work on weir: no build between an edit and its effect.
// oclif's own way to TypeScript needs the compiler's JavaScript API, which TypeScript 7 no longer has.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCli } from '../src/cli/run-cli.ts';
import { enterRememberedNetns, enterRequestedNetns } from '../src/platform/enter-netns.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
pjson.oclif.commands.target = './src/commands';
const argv = process.argv.slice(2);
const weir = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
const isEnd = argv[0] === 'off' || argv[0] === 'uninstall';
process.exitCode =
  (isEnd ? await enterRememberedNetns(argv, weir) : undefined) ??
  (await enterRequestedNetns(argv, weir)) ??
  (await runCli(argv, { root, pjson, ignoreManifest: true }));
