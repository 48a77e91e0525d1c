import { Client, type ClientConfig } from "pg";

/** What pg says when `query_timeout` has passed without an answer. */
const NO_ANSWER = "Query read timeout";

const ask = Client.prototype.query as (...words: unknown[]) => unknown;

/**
 * A connection that ends when an answer does not come in time. What was asked may still be going on at its other end,
 * inside a transaction: given back to the pool, it would take later writes into a transaction that nobody commits.
 */
export class Connection extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    // One that is cut off while nobody waits for its answer fails who asks next; unheard, that would end the process.
    this.on("error", () => undefined);
    this.query = ((...words: unknown[]) => {
      const answer = ask.apply(this, words);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#endWhenSilent(error));
      return answer;
    }) as Client["query"];
  }

  #endWhenSilent(error: unknown): void {
    if (!(error instanceof Error) || error.message !== NO_ANSWER) return;
    const { connection } = this as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
