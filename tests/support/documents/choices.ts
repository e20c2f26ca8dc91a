/** Numbers below this make decisions. */
export const choiceRange = 65_536;

/**
 * Decisions of a generator, read off a list of numbers. A zero, and every number past the end, is the plainest decision: so
 * shrinking the list shrinks what is made of it.
 */
export class Choices {
  private at = 0;

  constructor(private readonly numbers: readonly number[]) {}

  below(count: number): number {
    const number = this.numbers[this.at] ?? 0;
    this.at++;
    return Math.floor((number * count) / choiceRange);
  }

  chance(probability: number): boolean {
    return this.below(1_000) >= 1_000 * (1 - probability);
  }

  oneOf<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
