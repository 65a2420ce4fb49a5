/** Text styles by meaning, and whether a stream shows them. */
import chalk, { Chalk, type ChalkInstance, chalkStderr } from 'chalk';

/** Text styles by meaning; each returns its text unchanged where colour is off. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly caution: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

/**
 * The styles for stdout or stderr: colour on a terminal or with FORCE_COLOR, none with NO_COLOR.
 * chalk reads FORCE_COLOR and the terminal by itself, but not NO_COLOR; ink colours through the same default instance.
 */
export function paintFor(stream: 'stdout' | 'stderr'): Paint {
  const isForbidden = (process.env.NO_COLOR ?? '') !== '';
  if (isForbidden) chalk.level = 0;
  const wanted = stream === 'stdout' ? chalk : chalkStderr;
  const ink: ChalkInstance = isForbidden ? new Chalk({ level: 0 }) : wanted;
  return { good: ink.green, caution: ink.yellow, bad: ink.red, strong: ink.bold, faint: ink.dim };
}
