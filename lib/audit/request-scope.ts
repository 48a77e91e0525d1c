import { AsyncLocalStorage } from "node:async_hooks";

/** What the process knows of the request that is being handled. */
export interface RequestScope {
  readonly requestId: string;
  /** Whether the process had been told to stop when the request came. */
  readonly isStopping: boolean;
  /** Whether it has failed because the database could not be asked. */
  readonly hasOutage: boolean;
  /** Hand in what its page or handler has failed with. */
  failed(error: unknown): void;
}

/** The server's bundles each hold a copy of this file; the process has one current request. */
const SCOPE = Symbol.for("latchkey.requestScope");

function storage(): AsyncLocalStorage<RequestScope> {
  const holder = globalThis as { [SCOPE]?: AsyncLocalStorage<RequestScope> };
  holder[SCOPE] ??= new AsyncLocalStorage();
  return holder[SCOPE];
}

/** Runs `handle`, and everything that it starts, as the handling of one request. */
export function duringRequest<Result>(scope: RequestScope, handle: () => Result): Result {
  return storage().run(scope, handle);
}

/** The request that is being handled, or null in what runs beside the requests. */
export function currentRequest(): RequestScope | null {
  return storage().getStore() ?? null;
}
