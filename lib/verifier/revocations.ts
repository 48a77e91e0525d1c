/** By each of these a token can be revoked before its time. */
export interface RevocableToken {
  jti: string;
  sid: string;
  kid: string;
}

/** What is known of revoked tokens. */
export interface Revocations {
  /** `unknown` when what is known is too old to be believed, or cannot be asked for. */
  isDenied(token: RevocableToken): IsDenied | Promise<IsDenied>;
  /**
   * Resolves when it can be asked; rejects with the reason when it cannot for ten seconds, twenty where each question
   * runs into its time limit, or once it is closed. Keeps
   * the process running: whoever waits for it is to hear the reason.
   */
  ready(): Promise<void>;
  close(): void;
}

export type IsDenied = boolean | "unknown";

/** Nobody's token: asking for it shows whether anything is known. */
const PROBE: RevocableToken = { jti: "", sid: "", kid: "" };

const READY_ATTEMPTS = 200;
const READY_AGAIN_MS = 50;

/** `findFault` says why nothing is known; `end` ends what goes on in the background. */
export function createRevocations<Answer extends IsDenied | Promise<IsDenied>>(
  isDenied: (token: RevocableToken) => Answer,
  findFault?: () => Error,
  end?: () => void,
): Revocations & { isDenied(token: RevocableToken): Answer } {
  let isClosed = false;
  return {
    isDenied,
    async ready() {
      for (let attempt = 0; (await isDenied(PROBE)) === "unknown"; attempt += 1) {
        if (isClosed || attempt === READY_ATTEMPTS) throw findFault?.();
        await new Promise((resolve) => setTimeout(resolve, READY_AGAIN_MS));
      }
    },
    close() {
      isClosed = true;
      end?.();
    },
  };
}
