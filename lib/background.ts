import type { Logger } from "./audit/logger";

/** Work that is done again and again beside the requests. */
export class Background {
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(private readonly log: Logger) {}

  /**
   * Never twice at a time. The log hears when the work begins to fail and when it has stopped to; in between the next
   * time comes.
   */
  every(intervalMs: number, name: string, work: () => unknown): void {
    let isRunning = false;
    let isFailing = false;
    const run = async () => {
      try {
        await work();
        if (isFailing) this.log.info({ work: name }, "background work goes on");
        isFailing = false;
      } catch (error) {
        if (!isFailing) this.log.warn({ work: name, err: error }, "background work fails");
        isFailing = true;
      }
    };
    const timer = setInterval(async () => {
      if (isRunning) return;
      isRunning = true;
      await run();
      isRunning = false;
    }, intervalMs);
    this.#timers.push(timer);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
