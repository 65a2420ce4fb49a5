/** The question that a check of a new version is. */

/** Asks a URL, without following where it sends. Resolves to null when the answer is below 400, else to why not. */
export async function askUrl(url: string, timeoutMs: number): Promise<string | null> {
  try {
    const { status, body } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await body?.cancel();
    return status < 400 ? null : `${url} answered ${status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}
