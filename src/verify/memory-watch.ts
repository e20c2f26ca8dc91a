/** Watches whether memory grows with the file: the lowest heap seen in its second half against that of its first. */
export class MemoryWatch {
  /** Batches in flight and caches differ by less; a leak of 100 bytes a row would show as 50 MiB. */
  static readonly allowedGrowthMiB = 32;
  private halves: [number, number][] = [];

  startFile(): void {
    this.halves.push([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  }

  /** `share`: how much of the file is read, 0 to 1. The first tenth warms up. */
  sample(share: number): void {
    const floors = this.halves.at(-1);
    if (!floors || share < 0.1) return;
    const half = share < 0.5 ? 0 : 1;
    floors[half] = Math.min(floors[half], process.memoryUsage().heapUsed);
  }

  growthMiB(): number {
    const growths = this.halves.map(([first, second]) => (second - first) / 1024 / 1024);
    return Math.round(Math.max(...growths.filter(Number.isFinite)));
  }
}
