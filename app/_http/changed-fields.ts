import { z } from "zod";
import { typedValues } from "./forms";

const wasSchema = z.record(z.string(), z.string().nullable());

/**
 * Which of these fields hold something else than when their page was made (`Was`), so that saving them takes nothing back
 * that somebody else has changed meanwhile. What is `together` counts as one field. All, where the form does not say.
 */
export function changedFields<Name extends string>(
  form: FormData,
  names: readonly Name[],
  together: readonly Name[] = [],
): Name[] {
  const { was: said = "", ...now } = typedValues(form, ["was", ...names]);
  const was = readWas(said);
  const isChanged = (name: Name) => was === null || plain(now[name]) !== plain(was[name]);
  const isAnyOfThem = together.some(isChanged);
  return names.filter((name) => (together.includes(name) ? isAnyOfThem : isChanged(name)));
}

function readWas(text: string): z.output<typeof wasSchema> | null {
  try {
    return wasSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A form sends its line ends in another way than a page has them. */
const plain = (text: string | null | undefined): string => (text ?? "").replace(/\r\n/g, "\n").trim();

/** Of these values those of the named fields. */
export function only<Values extends object, Name extends keyof Values>(
  values: Values,
  names: readonly Name[],
): Partial<Pick<Values, Name>> {
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Partial<Pick<Values, Name>>;
}
