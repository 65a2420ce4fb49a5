/** Notices exceptions that no caller can catch: thrown in a timer or an event, or a promise that nobody awaits. */
export interface CrashWatch {
  /** Rejects with the first such exception. Never resolves. */
  readonly crashed: Promise<never>;
  /** Gives such exceptions back to Node's default behaviour, which ends the process. */
  dispose(): void;
}

/** Starts to watch. Node raises an unhandled rejection as an uncaught exception too, so one event covers both. */
export function watchForCrash(): CrashWatch {
  const { promise: crashed, reject } = Promise.withResolvers<never>();
  crashed.catch(() => {});
  process.on('uncaughtException', reject);
  return {
    crashed,
    dispose() {
      process.off('uncaughtException', reject);
    },
  };
}
