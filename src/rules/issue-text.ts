/** What zod says about a file of the user, in weir's words. */

/** `calls.0.service: it is missing`, for the first thing that a schema did not accept. */
export function issueText(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): string {
  return `${issue?.path.join('.') || 'the document'}: ${issue === undefined ? 'not accepted' : reason(issue.message)}`;
}

function reason(message: string): string {
  const [, expected, received] = /^Invalid input: expected (\S+), received (\S+)$/.exec(message) ?? [];
  if (received === undefined) return message;
  return received === 'undefined' ? 'it is missing' : `it is of type ${received}, and has to be ${expected}`;
}
