/** The form of a duration, for flags, mesh.yaml and every message about them. */
export const DURATION_FORM = 'a whole number and a unit: 500ms, 15s, 2m or 1h';

/** The same as a regular expression, for the JSON Schema of mesh.yaml. */
export const DURATION_PATTERN = '^[0-9]+(ms|s|m|h)$';

/** The longest duration, in ms (24 days): a Node timer above 2^31-1 ms fires at once. */
export const MAX_DURATION_MS = 24 * 24 * 3_600_000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * The milliseconds of `500ms`, `15s`, `2m` or `1h`.
 * Null for anything else, a number without its unit and more than `MAX_DURATION_MS` included.
 */
export function parseDuration(text: string): number | null {
  const match = /^([0-9]+)(ms|s|m|h)$/.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
  return ms <= MAX_DURATION_MS ? ms : null;
}

/** The shortest text that `parseDuration` reads as `ms` milliseconds: 1500 becomes `1500ms`, 60000 `1m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = UNIT_MS[unit] ?? Number.NaN;
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** A time as people say it, for reading alone: `20 s`, `5 min`, `3 h`, `2 days`. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (ms > 0 && ms < 1000) return `${Math.round(ms)} ms`;
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
