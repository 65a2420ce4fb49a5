/** What people are told of an agent's decisions, as sentences. */
import type { AgentAction, AgentNews } from './discovery-event.ts';
import type { GuardedApp, GuardTurn } from './guarded-app.ts';

/** The action that tells something. */
export function tell(told: AgentNews): AgentAction {
  return { type: 'tell', told };
}

/** With `auto` more applications are registered than are followed. */
export function tooMany(most: number): AgentNews {
  const text = `auto follows ${most} applications, and the registries have more: name what is consumed in mesh.yaml`;
  return { event: 'warning', text };
}

/** The snapshot could not be written. */
export function snapshotProblem(problem: string): AgentNews {
  return { event: 'snapshot', problem, text: `the snapshot was not written, and Envoys are served on: ${problem}` };
}

/** What the guard did with the list of an application. */
export function guardNews(app: GuardedApp, turn: Exclude<GuardTurn, null>): AgentNews {
  const { name, held } = app;
  if (turn === 'held') {
    const { reason, wouldRemove } = held ?? { reason: 'shrink', wouldRemove: 0 };
    const until = reason === 'older' ? 'they register again' : 'a second look';
    const text = `${name} is held (${reason}): ${wouldRemove} endpoints went and stay until ${until}; weir discovery confirm ${name} believes it now`;
    return { event: 'held', app: name, reason, wouldRemove, text };
  }
  const text =
    turn === 'back' ? `${name} is back: nothing was taken away` : `${name} is believed: ${app.listedSize} endpoints`;
  return { event: turn, app: name, text };
}
