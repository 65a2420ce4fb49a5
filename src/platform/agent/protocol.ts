/** Typed requests to a long-lived program: JSON lines with a version, read by schemas on both sides. */
import * as z from 'zod/mini';
import { type ErrorCode, isErrorCode } from '../../errors/catalogue.ts';
import { EXIT_CODES, type ExitCode } from '../../errors/exit-codes.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { damagedRecord, type RecordKind, readText, readValue, recordText, requireRecord } from '../record.ts';

/** The requests of an agent. Each request has a `command`, and its result a schema under the same name. */
export interface AgentProtocol {
  /** How messages name the other side: `supervisor`. */
  readonly name: string;
  /** As of a record: the oldest reader that understands what is sent. */
  readonly version: number;
  readonly requests: Readonly<Record<string, z.ZodMiniType<{ readonly command: string }>>>;
  readonly results: Readonly<Record<string, z.ZodMiniType>>;
  /** The events before the result. */
  readonly event: z.ZodMiniType<object>;
}

/** The names of a protocol's requests. */
export type CommandOf<P extends AgentProtocol> = keyof P['requests'] & string;
/** A request of a protocol. */
export type RequestOf<P extends AgentProtocol, C extends CommandOf<P> = CommandOf<P>> = z.output<P['requests'][C]>;
/** The result of a request. */
export type ResultOf<P extends AgentProtocol, C extends CommandOf<P>> = z.output<P['results'][C]>;
/** An event on the way to a result. */
export type EventOf<P extends AgentProtocol> = z.output<P['event']>;

/** The handlers of an agent, one for each request. An error that a handler throws goes to the client. */
export type AgentHandlers<P extends AgentProtocol> = {
  readonly [C in CommandOf<P>]: (
    request: RequestOf<P, C>,
    tell: (event: EventOf<P>) => void,
    gone: AbortSignal,
  ) => Promise<ResultOf<P, C>>;
};

/** One line of an answer. */
export type ReplyLine =
  | { readonly kind: 'event'; readonly event: Readonly<Record<string, unknown>> }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: WeirError };

const envelope = ({ name, version }: AgentProtocol): RecordKind<Record<string, unknown>> => ({
  name: `message of a ${name}`,
  version,
  schema: z.record(z.string(), z.unknown()),
});

/** Answers one request line by the lines that `write` gets. Never rejects. */
export async function answerLine<P extends AgentProtocol>(
  protocol: P,
  handlers: AgentHandlers<P>,
  line: string,
  write: (line: string) => void,
  gone: AbortSignal,
): Promise<void> {
  const kind = envelope(protocol);
  const send = (message: Record<string, unknown>) => write(recordText(kind, message));
  try {
    const request = readRequest(protocol, line);
    const handler = handlers[request.command as CommandOf<P>] as (
      request: unknown,
      tell: (event: EventOf<P>) => void,
      gone: AbortSignal,
    ) => Promise<unknown>;
    const tell = (event: EventOf<P>) => send(event as Record<string, unknown>);
    send({ result: await handler(request, tell, gone) });
  } catch (error) {
    send({ error: errorParts(error) });
  }
}

/** Throws WEIR2025 for a request of a later weir, WEIR2026 for one that is none. */
function readRequest(protocol: AgentProtocol, line: string): { readonly command: string } {
  const { name, version, requests } = protocol;
  const place = `the request to the ${name}`;
  const message = requireRecord(envelope(protocol), place, readText(envelope(protocol), line));
  const schema = typeof message.command === 'string' ? requests[message.command] : undefined;
  const kind = { name: `request to a ${name}`, version };
  if (schema === undefined || !Object.hasOwn(requests, String(message.command))) {
    throw damagedRecord(kind, place, `it knows no command ${JSON.stringify(message.command)}`);
  }
  return requireRecord(kind, place, readValue({ ...kind, schema }, message));
}

/** The line that asks. */
export function requestLine<P extends AgentProtocol>(protocol: P, request: RequestOf<P>): string {
  return recordText(envelope(protocol), request as Record<string, unknown>);
}

/** Reads one line of an answer. Throws WEIR2025 when the agent is a later weir's, WEIR2026 when it is no agent's line. */
export function readReplyLine(protocol: AgentProtocol, line: string): ReplyLine {
  const place = `the answer of the ${protocol.name}`;
  const message = requireRecord(envelope(protocol), place, readText(envelope(protocol), line));
  if ('error' in message) return { kind: 'error', error: errorOf(message.error) };
  if ('result' in message) return { kind: 'result', result: message.result };
  if (typeof message.event === 'string') return { kind: 'event', event: message };
  throw damagedRecord(envelope(protocol), place, 'it is neither an event nor a result');
}

/** The result by the schema of its request. Throws WEIR2026 when it is something else. */
export function requireResult<P extends AgentProtocol, C extends CommandOf<P>>(
  protocol: P,
  command: C,
  result: unknown,
): ResultOf<P, C> {
  const schema = protocol.results[command] as z.ZodMiniType<ResultOf<P, C>>;
  const parsed = z.safeParse(schema, result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const why = `its result of ${command}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? ''}`;
  throw damagedRecord(envelope(protocol), `the answer of the ${protocol.name}`, why);
}

/** The event by its schema; null for one that this weir does not know, which a later agent may tell. */
export function readEvent<P extends AgentProtocol>(protocol: P, event: unknown): EventOf<P> | null {
  const parsed = z.safeParse(protocol.event, event);
  return parsed.success ? (parsed.data as EventOf<P>) : null;
}

const wireError = z.object({
  code: z.string(),
  what: z.string(),
  why: z.string(),
  hint: z.string(),
  exit: z.optional(z.number()),
  details: z.optional(z.unknown()),
});

/** An error as it crosses to another process. */
export function errorParts(error: unknown): z.infer<typeof wireError> {
  if (error instanceof WeirError) {
    const { code, what, why, hint, exit, details } = error;
    return { code, what, why, hint, exit, details };
  }
  const what = error instanceof Error ? error.message : String(error);
  return {
    code: 'WEIR9001',
    what: what || 'no message',
    why: 'the other process failed',
    hint: 'see its log',
    exit: 70,
  };
}

/** The error that another process met. A code that only a later weir has is told in its words under WEIR2025. */
export function errorOf(value: unknown): WeirError {
  const parsed = z.safeParse(wireError, value);
  if (!parsed.success) {
    return new WeirError('WEIR2026', {
      what: 'the other process failed, and its error cannot be read',
      why: JSON.stringify(value)?.slice(0, 200) ?? 'it is empty',
      hint: 'see its log',
    });
  }
  const { code, what, why, hint, exit, details } = parsed.data;
  const known: ErrorCode = isErrorCode(code) ? code : 'WEIR2025';
  const reason = isErrorCode(code) ? why : `${why} (${code}, which only a newer weir knows)`;
  const parts = { what: what || code, why: reason || code, hint: hint || 'see its log', details };
  return new WeirError(known, isExitCode(exit) ? { ...parts, exit } : parts);
}

function isExitCode(exit: number | undefined): exit is ExitCode {
  return exit !== undefined && Object.hasOwn(EXIT_CODES, exit);
}
