// Preloaded into weir: its wall clock jumps by JUMP_MS when the file JUMP_FILE appears. Monotonic clocks go on, as they do
// when somebody sets the time of a host.
const { existsSync } = process.getBuiltinModule('node:fs');

const { JUMP_FILE = '', JUMP_MS = '0' } = process.env;
const RealDate = Date;
const realNow = RealDate.now;
const now = (): number => realNow() + (existsSync(JUMP_FILE) ? Number(JUMP_MS) : 0);

globalThis.Date = new Proxy(RealDate, {
  construct: (_target, args: unknown[]) => Reflect.construct(RealDate, args.length === 0 ? [now()] : args) as Date,
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
