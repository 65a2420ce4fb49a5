/** The words of a supervisor to its service manager (sd_notify): ready, status, stopping, more time. */
import { reasonOf } from '../../errors/message-of.ts';
import type { GroupNews } from './sidecar-group.ts';
import type { SupervisorEvent } from './supervisor-event.ts';

/** The time that each request for more time asks for, and the pause between two, in ms. */
const [MORE_MS, AGAIN_MS] = [30_000, 10_000] as const;

/** The sender of messages, and a timer. */
export interface ServiceNoticePorts {
  /** Sends assignments such as `READY=1` in one message. Messages arrive in their order. */
  send(states: readonly string[]): void;
  /** Calls back again and again until the returned function is called. */
  every(ms: number, call: () => void): () => void;
}

interface Member {
  word: string;
  isLive: boolean;
  /** It does not hold READY back: it was live once, or a known reason keeps it from that. */
  isSettled: boolean;
  isStopping: boolean;
  /** Nobody here starts it again. */
  isOver: boolean;
}

/** Follows the sidecars of one process and tells the service manager. */
export class ServiceNotices {
  readonly #ports: ServiceNoticePorts;
  readonly #members = new Map<string, Member>();
  #isReady = false;
  #status = '';
  #endExtension: (() => void) | null = null;

  constructor(ports: ServiceNoticePorts, names: readonly string[]) {
    this.#ports = ports;
    for (const name of names) this.#member(name);
  }

  /** An event of one sidecar's supervisor. */
  observe(name: string, event: SupervisorEvent): void {
    const member = this.#member(name);
    switch (event.event) {
      case 'live':
        this.#set(member, { word: event.text, isLive: true, isSettled: true, isOver: false });
        break;
      case 'crash':
        this.#set(member, { word: event.text, isLive: false, isSettled: true });
        break;
      case 'state':
        if (event.state === 'stopping') this.#set(member, { word: 'draining', isLive: false, isStopping: true });
        if (event.state === 'starting' || event.state === 'emergency')
          this.#set(member, { isLive: false, isOver: false });
        // An upgrade has ended, or a process that crashed serves again without having been live for the first time.
        if (event.state === 'idle' && member.isSettled) this.#set(member, { isLive: true });
        break;
      case 'stopped':
        this.#set(member, { word: 'stopped', isLive: false, isStopping: false, isOver: true });
        break;
      default:
        return;
    }
    this.#tell();
  }

  /** A news of a sidecar in a group. */
  observeNews(name: string, news: GroupNews): void {
    const member = this.#member(name);
    switch (news.news) {
      case 'refused':
        this.#set(member, { word: reasonOf(news.error), isLive: false, isSettled: true, isOver: true });
        break;
      case 'failed':
        this.#set(member, { word: reasonOf(news.failure.error), isLive: false, isSettled: true });
        break;
      case 'ended':
        this.#set(member, { word: 'stopped', isLive: false, isSettled: true, isStopping: false, isOver: true });
        break;
      case 'removed':
        return;
    }
    this.#tell();
  }

  #member(name: string): Member {
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    const member = { word: 'starting', isLive: false, isSettled: false, isStopping: false, isOver: false };
    this.#members.set(name, member);
    return member;
  }

  #set(member: Member, change: Partial<Member>): void {
    Object.assign(member, change);
  }

  #tell(): void {
    const members = [...this.#members.values()];
    const states: string[] = [];
    if (!this.#isReady && members.every(({ isSettled }) => isSettled) && members.some(({ isLive }) => isLive)) {
      this.#isReady = true;
      states.push('READY=1');
    }
    const status = this.#statusText();
    if (status !== this.#status) states.push(`STATUS=${status}`);
    this.#status = status;
    const isStopping = members.some((one) => one.isStopping) && members.every((one) => one.isStopping || one.isOver);
    if (isStopping && this.#endExtension === null) {
      states.push('STOPPING=1');
      const ask = () => this.#ports.send([`EXTEND_TIMEOUT_USEC=${MORE_MS * 1000}`]);
      this.#endExtension = this.#ports.every(AGAIN_MS, ask);
      states.push(`EXTEND_TIMEOUT_USEC=${MORE_MS * 1000}`);
    }
    if (!isStopping && this.#endExtension !== null) {
      this.#endExtension();
      this.#endExtension = null;
    }
    if (states.length > 0) this.#ports.send(states);
  }

  #statusText(): string {
    const [first] = this.#members;
    if (this.#members.size === 1 && first !== undefined) return oneLine(first[1].word);
    const live = [...this.#members.values()].filter(({ isLive }) => isLive).length;
    const others = [...this.#members].filter(([, { isLive }]) => !isLive);
    const text = [`${live} of ${this.#members.size} sidecars live`];
    for (const [name, { word }] of others) text.push(word.startsWith(name) ? word : `${name}: ${word}`);
    return oneLine(text.join('; '));
  }
}

/** A message is lines of assignments: a status with a line break would be two of them. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 500);
}
