/** The reason of another weir that could not try its start, out of what it wrote. */

/** Its own error, else an exception of Node, else its first words; on one line. */
export function trialProblem(exitCode: number, stdout: string, stderr: string): string {
  const said = documentError(stdout) ?? exceptionOf(stderr) ?? (firstWords(stderr) || firstWords(stdout));
  const text = said.replaceAll(/\s+/g, ' ').trim();
  return text === '' ? `it ended with exit code ${exitCode} without a word` : `exit code ${exitCode}: ${text}`;
}

/** `error` of the last JSON document. */
function documentError(stdout: string): string | null {
  const last = stdout.split('\n').findLast((line) => line.startsWith('{'));
  try {
    const error: unknown = Reflect.get(JSON.parse(last ?? '') as object, 'error');
    if (typeof error !== 'object' || error === null) return null;
    return [Reflect.get(error, 'message'), Reflect.get(error, 'why')]
      .filter((part) => typeof part === 'string')
      .join(': ');
  } catch {
    return null;
  }
}

function exceptionOf(stderr: string): string | null {
  return stderr.split('\n').find((line) => /^(?:\w*Error)(?: \[\w+\])?: /.test(line)) ?? null;
}

function firstWords(text: string): string {
  return text.trim().slice(0, 300);
}
