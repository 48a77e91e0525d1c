import { LogoMark } from "./logo-mark";

/** The wordmark. The mark is decoration; the word is the name. */
export function Logo() {
  return (
    <span className="inline-flex items-center gap-2.5 text-lg font-semibold tracking-tight text-ink">
      <LogoMark className="size-7" />
      Latchkey
    </span>
  );
}
