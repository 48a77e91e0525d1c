import { z } from "zod";
import type { FormState } from "@/app/_ui/form-state";
import { typedValues } from "./forms";

/** What the fields of a form hold, by their names; null for nothing. */
type FieldTexts = Readonly<Record<string, string | null>>;

const textsSchema = z.record(z.string(), z.string().nullable());

/** More is not said at a field. */
const MAX_TOLD_CHARACTERS = 200;

/**
 * The answer to a form that would take back what somebody else has saved since its fields were shown (`Was`): it says at each
 * of these fields what it holds `now`, and the same form sent again is let through. Null where there is nothing of the kind.
 */
export function changedMeanwhile(form: FormData, now: FieldTexts): FormState | null {
  const names = Object.keys(now);
  const typed = typedValues(form, ["was", ...names]);
  const was = readTexts(typed.was ?? "");
  if (was === null) return null;
  const isOther = (name: string, texts: FieldTexts) => plain(now[name]) !== plain(texts[name]);
  const changed = names.filter((name) => isOther(name, was) && isOther(name, typed));
  if (changed.length === 0) return null;
  return {
    status: "error",
    message: "Somebody else has changed this meanwhile. Save again to put what is here in its place.",
    errors: Object.fromEntries(changed.map((name) => [name, told(now[name])])),
    values: { ...typed, ...shownNow(now) },
  };
}

/** What goes back to the form, so that from now on this counts as what its fields have shown. */
export const shownNow = (now: FieldTexts): { was: string } => ({ was: JSON.stringify(now) });

function readTexts(text: string): FieldTexts | null {
  try {
    return textsSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A form sends its line ends in another way than a page has them. */
const plain = (text: string | null | undefined): string => (text ?? "").replace(/\r\n/g, "\n").trim();

function told(text: string | null | undefined): string {
  const now = plain(text);
  if (now === "") return "Somebody else has taken it away meanwhile.";
  return now.length > MAX_TOLD_CHARACTERS
    ? "Somebody else has changed it meanwhile."
    : `Somebody else has changed it meanwhile, to: ${now.replaceAll("\n", ", ")}`;
}
