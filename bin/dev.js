#!/usr/bin/env node
// Runs src/ directly, for people who work on weir: no build between an edit and its effect.
// oclif's own way to TypeScript needs the compiler's JavaScript API, which TypeScript 7 no longer has.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { enterRequestedNetns } from '../src/host/enter-netns.ts';
import { runCli } from '../src/present/run-cli.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
pjson.oclif.commands.target = './src/commands';
const argv = process.argv.slice(2);
process.exitCode =
  (await enterRequestedNetns(argv, fileURLToPath(import.meta.url))) ??
  (await runCli(argv, { root, pjson, ignoreManifest: true }));
