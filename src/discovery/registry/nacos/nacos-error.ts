/** What a Nacos answers when it says no. */
import { reasonOf } from '../../../errors/message-of.ts';

/** Error codes (NacosException, ConfigQueryResponse). */
const CODE = { notFound: 300, noRight: 403 } as const;
/** The server takes nothing from this connection: it is starting (INVALID_SERVER_STATUS), or knows no such connection (UN_REGISTER). */
const OF_CONNECTION: readonly number[] = [300, 301];
/** The answer to a request that no part of the server looked at. */
const UNHANDLED = 'ErrorResponse';

/** An answer that says no. */
export class NacosError extends Error {
  readonly code: number;
  /** The class of the answer. */
  readonly answer: string;

  constructor(message: string, code: number, answer: string) {
    super(message);
    this.name = 'NacosError';
    this.code = code;
    this.answer = answer;
  }
}

/** A server that answers, and does not let this user in or see something. */
export class NacosRefusal extends Error {
  /** What to do about it, a clause. */
  readonly nextStep: string;
  /** The user is known, and may not see the one thing that was asked for. */
  readonly isOfOneThing: boolean;

  constructor(message: string, nextStep: string, isOfOneThing = false) {
    super(message);
    this.name = 'NacosRefusal';
    this.nextStep = nextStep;
    this.isOfOneThing = isOfOneThing;
  }
}

/** No right to ask this: no token, one that has ended or is unknown, or a user without the permission. */
export function isNoRight(error: unknown): error is NacosError {
  return error instanceof NacosError && error.code === CODE.noRight;
}

/** Whether there is no configuration of this name. A server that is starting answers with the same number. */
export function isNotFound(error: unknown): boolean {
  return error instanceof NacosError && error.code === CODE.notFound && error.answer !== UNHANDLED;
}

/** Whether weir has no right to the one thing that was asked for. */
export function isForbidden(error: unknown): error is NacosRefusal {
  return error instanceof NacosRefusal && error.isOfOneThing;
}

/** Whether the server said no to what was asked, and goes on to take other requests. */
export function isRefusal(error: unknown): error is NacosError | NacosRefusal {
  if (!(error instanceof NacosError)) return isForbidden(error);
  const isOfConnection = error.answer === UNHANDLED && OF_CONNECTION.includes(error.code);
  return error.code !== CODE.noRight && !isOfConnection;
}

/** The refusal with the name of what was asked for. */
export function namedRefusal(place: string, error: NacosError | NacosRefusal): NacosError | NacosRefusal {
  const message = `${place}: ${error.message}`;
  return error instanceof NacosRefusal
    ? new NacosRefusal(message, error.nextStep, true)
    : new NacosError(message, error.code, error.answer);
}

/** Why something failed, a clause; with the next step where there is one. */
export function clauseOf(thrown: unknown): string {
  return thrown instanceof NacosRefusal ? `${thrown.message}; ${thrown.nextStep}` : reasonOf(thrown);
}
