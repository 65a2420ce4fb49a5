/** Rewrites, after a wanted change, the documents of all fixture rules in test/fixtures/rules/documents. Read the difference. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { GOLDEN_FOLDER, goldenDocuments } from '../test/fakes/golden-documents.ts';

rmSync(GOLDEN_FOLDER, { recursive: true, force: true });
mkdirSync(GOLDEN_FOLDER, { recursive: true });
for (const { name, text } of goldenDocuments()) writeFileSync(new URL(name, GOLDEN_FOLDER), text);
