/** Generated cases in the gate have one seed, so that a red gate can be run again; and a stream of numbers from a seed. */

/** `WEIR_SEED` for another one; the benches take a seed of their own each time. */
export const GATE_SEED = Number(process.env.WEIR_SEED ?? 20_261_128);

/** A stream of random numbers that one seed fixes (mulberry32). */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
