/** Writes docs/guide/alerts.md from the alerts of `weir metrics rules`. */
import { writeFileSync } from 'node:fs';
import { RUNBOOK_FILE } from '../src/monitoring/catalogue.ts';
import { alertsGuide } from '../src/monitoring/text/alerts-guide.ts';

writeFileSync(new URL(`../docs/guide/${RUNBOOK_FILE}`, import.meta.url), alertsGuide());
