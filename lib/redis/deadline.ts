import { AsyncLocalStorage } from "node:async_hooks";

const signals = new AsyncLocalStorage<AbortSignal>();

/** Of the work that this runs in: aborted at its deadline. Outside of any, aborted already. */
export const deadlineSignal = (): AbortSignal => signals.getStore() ?? AbortSignal.abort();

/** What `work` answers; rejects when that takes longer. What becomes of the work afterwards is dropped. */
export async function withDeadline<T>(work: () => Promise<T>, milliseconds: number): Promise<T> {
  const deadline = new AbortController();
  const expire = () => deadline.abort(new Error(`No answer within ${milliseconds} ms.`));
  const expired = new Promise<never>((_resolve, reject) => {
    deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason));
  });
  // One turn later: an answer that has arrived counts, also when this process was too busy to read it.
  const timer = setTimeout(() => setImmediate(expire), milliseconds);
  try {
    return await Promise.race([signals.run(deadline.signal, work), expired]);
  } finally {
    clearTimeout(timer);
  }
}
