/** The end of a long text: what a tool said last names the reason. */

/** The last five lines, at most 1,000 characters. A rule set of thousands of lines can come back in an error. */
export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n').slice(-1000);
}
