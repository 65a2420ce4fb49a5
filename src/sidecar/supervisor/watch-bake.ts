/** Watches a new process from the begin of the drain until its bake is over: its answers, its memory, the operator's check. */
import { mebibytes } from '../../platform/byte-size.ts';
import { type AnswerCounts, judgeAnswers } from '../machine/judge-answers.ts';
import type { Generation, UpgradeInProgress } from '../machine/sidecar-state.ts';
import { BLIND, guardedLook } from './guarded-look.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 500;
const ANSWER_MS = 2000;
/** Checks in a row that have to fail: a single one may have met a busy moment. */
const FAILURES = 2;
/** Looks that are judged by themselves. A child adds the answers of its parent to its own in lumps, which hide a rise. */
const WINDOW = 4;

/** Tells the machine `bake-failed` as soon as something is wrong; the end of the bake is the machine's own deadline. */
export async function watchBake(
  sidecar: Supervised,
  { serving, upgrade }: { readonly serving: Generation; readonly upgrade: UpgradeInProgress },
): Promise<void> {
  const { host, clock } = sidecar;
  const { id } = serving;
  const { check, bakeBytes } = upgrade.request;
  const answers = new AnswerWatch(sidecar, id);
  const memory = guardedLook(sidecar, 'the memory of the new process cannot be read');
  await answers.begin();
  let failures = 0;
  while (isWatched(sidecar, id)) {
    // It still serves well, so that it waits for the way back that costs nothing: when the old one has ended.
    const isDue = bakeBytes !== null && sidecar.machine.state.name === 'baking';
    const taken = isDue ? await memory(() => host.anonymousBytes(id)) : BLIND;
    const tooMuch =
      taken !== BLIND && bakeBytes !== null && taken > bakeBytes
        ? `the new process has taken ${mebibytes(taken)} of memory, more than ${mebibytes(bakeBytes)}`
        : null;
    const problem = check === null ? null : await host.runCheck(check, ANSWER_MS);
    failures = problem === null ? 0 : failures + 1;
    const unchecked = failures >= FAILURES ? `the check of the new process failed: ${problem}` : null;
    const reason = (await answers.verdict()) ?? tooMuch ?? unchecked;
    if (reason !== null && isWatched(sidecar, id)) {
      sidecar.dispatch({ type: 'bake-failed', id, reason });
      return;
    }
    await clock.sleep(POLL_MS);
  }
}

function isWatched({ machine: { state }, isClosed }: Supervised, id: number): boolean {
  if (isClosed) return false;
  return (
    ['notify', 'draining', 'ending', 'baking'].includes(state.name) && 'serving' in state && state.serving?.id === id
  );
}

/** The failed answers of one process beside those of the process before it. */
class AnswerWatch {
  readonly #sidecar: Supervised;
  readonly #count: () => Promise<AnswerCounts | null>;
  readonly #seen: AnswerCounts[] = [];
  #first: AnswerCounts | null = null;

  constructor(sidecar: Supervised, id: number) {
    this.#sidecar = sidecar;
    const guarded = guardedLook(sidecar, 'the answers of the new process cannot be counted');
    this.#count = async () => {
      const found = await guarded(() => sidecar.host.countAnswers(sidecar.specs.of(id)));
      return found === BLIND ? null : found;
    };
  }

  async begin(): Promise<void> {
    this.#first = await this.#count();
    if (this.#first === null || this.#before === null)
      this.#sidecar.warn('the bake does not judge by failed answers: the former process left no count to compare with');
  }

  get #before(): AnswerCounts | null {
    return this.#sidecar.job?.draft.answers ?? null;
  }

  /** Null: nothing is wrong, or it cannot be told. */
  async verdict(): Promise<string | null> {
    const [before, first] = [this.#before, this.#first];
    const now = before === null || first === null ? null : await this.#count();
    if (before === null || first === null || now === null) return null;
    this.#seen.push(now);
    const since = this.#seen.length > WINDOW ? this.#seen.shift() : undefined;
    return judgeAnswers(before, first, now) ?? judgeAnswers(before, since ?? first, now);
  }
}
