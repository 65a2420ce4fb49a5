/**
 * The cause that sent an application direct: the first two are an operator's decision, the last is the supervisor's.
 */
export type OffCause = 'operator' | 'off.sh' | 'bypass';

/** The owner tag that every rule and element of weir carries as its comment. */
export interface OwnerTag {
  /** The application, or null for what serves all of them. */
  readonly app: string | null;
  /** First 8 hex digits of the hash of the policy the rule was made from; null on switches. */
  readonly hash: string | null;
  /** Set on the switches that send an application direct. */
  readonly by: OffCause | null;
}

const PATTERN =
  /^weir\/v1 app=(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,62})(?: h=([0-9a-f]{8}))?(?: by=(operator|off\.sh|bypass))?$/;

/** The comment text of a tag. nft allows 128 bytes and iptables 255; the longest tag has 98. */
export function formatTag(tag: OwnerTag): string {
  const hash = tag.hash === null ? '' : ` h=${tag.hash}`;
  const by = tag.by === null ? '' : ` by=${tag.by}`;
  return `weir/v1 app=${tag.app ?? '*'}${hash}${by}`;
}

/** The tag in a comment, or null when the comment is not weir's. */
export function parseTag(comment: string): OwnerTag | null {
  const found = PATTERN.exec(comment);
  if (!found) return null;
  return {
    app: found[1] === '*' ? null : (found[1] ?? null),
    hash: found[2] ?? null,
    by: (found[3] as OffCause | undefined) ?? null,
  };
}
