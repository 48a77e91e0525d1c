import type { PGlite } from "@electric-sql/pglite";

/** A connection that keeps others waiting this long, with a transaction open, is cut off. */
const STALL_MS = 15_000;

/** ReadyForQuery with the status "idle": the answer to one request is complete and no transaction is open. */
const READY_AND_IDLE = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const SYNC = new Uint8Array([0x53, 0, 0, 0, 4]);
const TERMINATE = 0x58;

interface Message {
  connection: number;
  bytes: Uint8Array;
  answer(data: Uint8Array): void;
  resolve(answeredBytes: number): void;
  reject(error: Error): void;
}

interface TurnEvents {
  /** The connection has stalled the others; it is to be closed. */
  cutOff(connection: number): void;
  /** The engine itself has failed, and answers nobody from now on. */
  onFailure(error: Error): void;
}

/**
 * Lets many connections share the engine's single session, one after the other.
 *
 * A turn lasts from a connection's first message until the engine is ready again with no transaction open. A request
 * is several messages (Parse, Bind, Execute, Sync) over one unnamed statement: were another connection's let in
 * between, it would be answered from this one's statement. The queue that comes with pglite-socket does so as soon as
 * a request does not fit into one read, and stands still for good after an error of the engine.
 *
 * The method names are those that `PGLiteSocketHandler` calls.
 */
export class DatabaseTurns {
  readonly #database: PGlite;
  readonly #cutOff: (connection: number) => void;
  readonly #onFailure: (error: Error) => void;
  #failure: Error | null = null;
  #waiting: Message[] = [];
  #holder: number | null = null;
  #running: Promise<void> | null = null;
  #stall: NodeJS.Timeout | undefined;

  constructor(database: PGlite, { cutOff, onFailure }: TurnEvents) {
    this.#database = database;
    this.#cutOff = cutOff;
    this.#onFailure = onFailure;
  }

  enqueue(connection: number, bytes: Uint8Array, answer: (data: Uint8Array) => void): Promise<number> {
    // Of the whole engine, not of a connection.
    if (bytes[0] === TERMINATE) return Promise.resolve(0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ connection, bytes, answer, resolve, reject });
      this.#run();
    });
  }

  clearQueueForHandler(connection: number): void {
    const isTheirs = (message: Message) => message.connection === connection;
    const dropped = this.#waiting.filter(isTheirs);
    this.#waiting = this.#waiting.filter((message) => !isTheirs(message));
    for (const message of dropped) message.reject(new Error("The connection is closed"));
  }

  /** Ends the turn of a connection that has gone: completes its request and rolls its transaction back. */
  async clearTransactionIfNeeded(connection: number): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#holder !== connection) return;
    // Where the engine itself has failed there is nothing left to undo.
    const abandoned = this.#abandonTurn().catch(() => {});
    this.#running = abandoned;
    await abandoned;
    this.#running = null;
    this.#run();
  }

  async #abandonTurn(): Promise<void> {
    clearTimeout(this.#stall);
    await this.#execute(SYNC, () => {});
    if (this.#database.isInTransaction()) await this.#database.exec("ROLLBACK");
    this.#holder = null;
  }

  #run(): void {
    if (this.#running !== null) return;
    const message = this.#takeNext();
    if (message === undefined) return;
    this.#running = this.#process(message).finally(() => {
      this.#running = null;
      this.#run();
    });
  }

  #takeNext(): Message | undefined {
    const isNext = ({ connection }: Message) => this.#holder === null || connection === this.#holder;
    const index = this.#waiting.findIndex(isNext);
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  async #process(message: Message): Promise<void> {
    this.#holder = message.connection;
    let size = 0;
    let tail = Buffer.alloc(0);
    try {
      await this.#execute(message.bytes, (data) => {
        size += data.length;
        tail = Buffer.concat([tail, data.subarray(-READY_AND_IDLE.length)]).subarray(-READY_AND_IDLE.length);
        message.answer(data);
      });
      message.resolve(size);
    } catch (error) {
      message.reject(error as Error);
    }
    this.#watchTurn(tail.equals(READY_AND_IDLE));
  }

  #watchTurn(ended: boolean): void {
    clearTimeout(this.#stall);
    if (ended) this.#holder = null;
    else this.#stall = setTimeout(() => this.#endStall(), STALL_MS).unref();
  }

  #endStall(): void {
    if (this.#holder !== null && this.#waiting.length > 0) this.#cutOff(this.#holder);
    else this.#watchTurn(this.#holder === null);
  }

  async #execute(bytes: Uint8Array, onRawData: (data: Uint8Array) => void): Promise<void> {
    // Called again, an engine that has exited runs in circles and this process with it.
    if (this.#failure !== null) throw this.#failure;
    try {
      await this.#database.runExclusive(() => this.#database.execProtocolRawStream(bytes, { onRawData }));
    } catch (error) {
      // What a WebAssembly program throws when it exits is no Error.
      this.#failure = new Error((error as { message?: string }).message ?? String(error));
      this.#onFailure(this.#failure);
      throw this.#failure;
    }
  }
}
