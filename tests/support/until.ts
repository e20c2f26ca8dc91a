/** When a wait has failed. Far longer than anything takes, and shorter than a test may. */
export const waitMs = 15_000;
const pauseMs = 10;

/** Asks until the answer is right, of what happens in the background and is told to nobody; throws when that takes too long. */
export async function until<T>(ask: () => Promise<T> | T, right: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
