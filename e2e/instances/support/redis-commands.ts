import type { ReadMessage } from "./counted-wire";

const LINE_END = "\r\n";

/** Reads RESP requests: arrays of bulk strings, of which the first is the command's name. */
export const redisCommands = (): ReadMessage => (bytes) => {
  const head = readNumber(bytes, 0);
  if (head === null) return null;
  let [count, end] = head;
  let asked: string | null = null;
  for (; count > 0; count -= 1) {
    const length = readNumber(bytes, end);
    if (length === null) return null;
    const [size, start] = length;
    end = start + size + LINE_END.length;
    if (end > bytes.length) return null;
    asked ??= bytes.toString("latin1", start, start + size).toLowerCase();
  }
  return { asked, end };
};

/** A line such as `*3` or `$4`: its number, and where the next line begins. */
function readNumber(bytes: Buffer, at: number): [value: number, next: number] | null {
  const lineEnd = bytes.indexOf(LINE_END, at);
  if (lineEnd === -1) return null;
  return [Number(bytes.toString("latin1", at + 1, lineEnd)), lineEnd + LINE_END.length];
}
