/** The guide of alerts as Markdown, one heading an alert: runbooks of rules point there. */
import { ALERT_GROUPS } from '../catalogue.ts';
import { RECORDINGS } from '../recordings.ts';

/** The whole page. */
export function alertsGuide(): string {
  const groups = ALERT_GROUPS.map(({ title, alerts }) => {
    const sections = alerts.map(({ name, severity, expr, for: held, meaning, steps }) => {
      const when = held === undefined ? '' : ` for ${held}`;
      return [
        `### ${name}`,
        '',
        `*${severity}*, when \`${expr}\`${when}`,
        '',
        meaning,
        '',
        ...steps.map((step, index) => `${index + 1}. ${step}`),
      ].join('\n');
    });
    return `## ${title}\n\n${sections.join('\n\n')}`;
  });
  const recordings = RECORDINGS.map(({ record, says }) => `| \`${record}\` | ${says} |`).join('\n');
  return `# Alerts

Made from the alerts of \`weir metrics rules\` by \`npm run alerts:guide\`; do not edit. \`page\`: traffic suffers or may soon. \`ticket\`: somebody looks today.
How to set it up stands in [metrics.md](metrics.md). In commands, \`payment\` and \`main\` stand for your application and sidecar.

${groups.join('\n\n')}

## Recorded numbers

| series | says |
|---|---|
${recordings}
`;
}
