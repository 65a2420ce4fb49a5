/** Many reads under way at once, and never more than so many. */

/**
 * Does the work for each item, at most `most` at once, begun in their order. After the first failure nothing more is begun;
 * it rejects with that failure when all that was begun is over: a late answer must not come behind what is done next.
 */
export async function inFlight<Item>(
  items: Iterable<Item>,
  most: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = queue.next(); next.done !== true && failures.length === 0; next = queue.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  if (failures.length > 0) throw failures[0];
}
