/** A request to the members of an etcd, one after another and again, until one of them carries it out. */
import { StoreFailure } from '../../ports.ts';

/** A member that is slow is waited for so long before the next one is asked as well, in ms. */
const HEDGE_MS = 300;
/**
 * A member that said nothing is asked again after this time, in ms: what it gives to a leader that is gone is lost without
 * a word. It is also asked whether it lives.
 */
const RESEND_MS = 1_000;
/** The first and the longest rest between two requests after each member has been asked, in ms. */
const [FIRST_REST_MS, MAX_REST_MS] = [100, 1_000] as const;
/** An election may take so long, in ms: 1 to 2 s a round with etcd's own settings, and now and then a second round. */
const ELECTION_MS = 5_000;

/**
 * Why a member did not carry a request out. `down`: it got nothing of it. `leaderless`: it says that it waits for a
 * leader. `silent`: it did not answer in time. `other`: what it said is no answer.
 */
export class MemberFailure extends StoreFailure {
  readonly kind: 'down' | 'leaderless' | 'silent' | 'other';

  constructor(message: string, kind: MemberFailure['kind'], fate: 'not-sent' | 'unknown') {
    super(message, fate);
    this.kind = kind;
  }
}

/** Whom to ask. */
export interface Members {
  readonly endpoints: readonly string[];
  /** The index of the member that is asked first. */
  readonly first: number;
  /** How long one request may take, in ms. */
  readonly timeoutMs: number;
  /** Resolves to whether a member answers of itself, without the others. Never rejects. */
  lives(index: number): Promise<boolean>;
  /** Told of a member that said nothing at all while another one answered. */
  onSilent?(index: number): void;
}

/** What is known of one member. */
interface Asked {
  sentAt: number;
  open: number;
  hasSpoken: boolean;
  /** It lives, so that it may elect a leader with others, or be elected. */
  votes: boolean;
  failure: MemberFailure | null;
}

/**
 * Asks until a member answers, one refuses, all are down, or the time is over; `send` rejects with `MemberFailure`, or
 * with another error to end it. Only for what may be sent twice. The time is `timeoutMs`; where most of several members
 * live and none carries it out, it is at least that of an election. Rejects with a `StoreFailure` that has each member's words.
 */
export async function askMembers<T>(
  { endpoints, first, timeoutMs, lives, onSilent }: Members,
  send: (index: number, timeoutMs: number) => Promise<T>,
): Promise<{ readonly answer: T; readonly index: number }> {
  const began = performance.now();
  const asked = endpoints.map(
    (): Asked => ({ sentAt: Number.NEGATIVE_INFINITY, open: 0, hasSpoken: false, votes: false, failure: null }),
  );
  const end = Promise.withResolvers<{ readonly answer: T; readonly index: number }>();
  // Somebody waits for it below; a refusal may come before.
  end.promise.catch(() => undefined);
  let state: 'open' | 'answered' | 'failed' = 'open';
  let woken = Promise.withResolvers<void>();
  const answered = (answer: T, index: number) => {
    if (state === 'open') state = 'answered';
    end.resolve({ answer, index });
  };
  const failed = (error: unknown) => {
    if (state === 'open') state = 'failed';
    end.reject(error);
  };
  const giveUp = () => {
    const texts = asked.map(
      ({ failure }, index) => failure?.message ?? `${endpoints[index]} did not answer within ${timeoutMs} ms`,
    );
    const isUnsure = asked.some(({ open, failure }) => open > 0 || failure?.fate === 'unknown');
    failed(new StoreFailure(texts.join('; '), isUnsure ? 'unknown' : 'not-sent'));
  };
  const ask = async (index: number, one: Asked) => {
    one.sentAt = performance.now();
    one.open += 1;
    try {
      const answer = await send(index, timeoutMs);
      one.hasSpoken = true;
      answered(answer, index);
    } catch (error) {
      if (!(error instanceof MemberFailure)) return failed(error);
      if (error.kind === 'leaderless' || error.kind === 'other') one.hasSpoken = true;
      one.votes = error.kind === 'leaderless' || (one.votes && error.kind === 'silent');
      if (state === 'answered' && error.kind === 'silent' && !one.hasSpoken) onSilent?.(index);
      // That nothing was sent this time says nothing of the time before.
      const isUnsure = one.failure?.fate === 'unknown' || error.fate === 'unknown';
      // Of an older request that hangs nothing new is learnt.
      const isOld = error.kind === 'silent' && one.failure?.kind === 'leaderless';
      const { message, kind } = isOld && one.failure !== null ? one.failure : error;
      one.failure = new MemberFailure(message, kind, isUnsure ? 'unknown' : 'not-sent');
    } finally {
      one.open -= 1;
      if (asked.every(({ open, failure }) => open === 0 && failure?.kind === 'down')) giveUp();
      woken.resolve();
    }
  };
  const see = async (index: number, one: Asked) => {
    one.votes = (await lives(index)) || one.failure?.kind === 'leaderless';
  };
  const deadline = () => {
    const voters = asked.filter(({ votes }) => votes).length;
    const isElecting = endpoints.length > 1 && voters * 2 > endpoints.length;
    return began + (isElecting ? Math.max(timeoutMs, ELECTION_MS) : timeoutMs);
  };
  // The first round: a member that fails, or is slow, lets the next one be asked.
  for (let turn = 0; state === 'open' && turn < endpoints.length; turn += 1) {
    woken = Promise.withResolvers();
    const index = (first + turn) % endpoints.length;
    void ask(index, asked[index] as Asked);
    const isLast = turn === endpoints.length - 1;
    if (!isLast) await firstOf([woken.promise, end.promise], Math.min(HEDGE_MS, timeoutMs / endpoints.length));
  }
  let rest: number = FIRST_REST_MS;
  let restsUntil = performance.now() + rest * (0.5 + Math.random());
  for (let turn = first; state === 'open'; ) {
    const now = performance.now();
    const lateAt = asked.flatMap(({ open, sentAt }) => (open > 0 ? [sentAt + RESEND_MS] : []));
    await firstOf([end.promise], Math.max(1, Math.min(restsUntil, deadline(), ...lateAt) - now));
    if (state !== 'open') break;
    if (performance.now() >= deadline()) {
      giveUp();
      break;
    }
    for (const [index, one] of asked.entries()) {
      if (one.open === 0 || performance.now() - one.sentAt < RESEND_MS) continue;
      void see(index, one);
      void ask(index, one);
    }
    if (performance.now() < restsUntil) continue;
    // Of those that failed the next one.
    const next = endpoints.map((_, more) => (turn + more) % endpoints.length).find((index) => asked[index]?.open === 0);
    if (next !== undefined) void ask(next, asked[next] as Asked);
    turn = (next ?? turn) + 1;
    rest = Math.min(rest * 2, MAX_REST_MS);
    restsUntil = performance.now() + rest * (0.5 + Math.random());
  }
  return await end.promise;
}

/** Resolves with the first that settles, or after a time. */
async function firstOf(promises: readonly Promise<unknown>[], ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  for (const one of promises)
    one.then(
      () => resolve(),
      () => resolve(),
    );
  await promise;
  clearTimeout(timer);
}
