/**
 * What our own pages send to a server action, in React's encoding of arguments. Next decodes it before any code of
 * ours runs and fails with an error of the server where it is malformed, so what a page never sends is refused first.
 */

/** `$$` is a dollar that was typed, `$K1` the form itself. References, promises and functions are never sent. */
const OURS = /^\$(\$|K\d{1,2}$|undefined$)/;

const ACTION_ID = /^[0-9a-f]{42}$/;
const HIDDEN_FIELD = /^\$ACTION_(?:REF_\d{1,4}|\d{1,4}:[01]|KEY|ID_[0-9a-f]{42})$/;

type Field = readonly [name: string, value: unknown];

/** Whether the text is a list of arguments that a page of ours sends. */
export function isArgumentList(text: unknown): boolean {
  return Array.isArray(parse(text));
}

/** Whether the fields of a form posted by script are a list of arguments with the form among them. */
export function isCalledForm(fields: readonly Field[]): boolean {
  const roots = fields.filter(([name]) => name === "0");
  return (
    roots.length === 1 && isArgumentList(roots[0]?.[1]) && fields.every(([name]) => !name.startsWith("$"))
  );
}

/** Whether the hidden fields of a form posted without script are as a page of ours writes them. */
export function isPostedForm(fields: readonly Field[]): boolean {
  const hidden = fields.filter(([name]) => name.startsWith("$"));
  const values = new Map(hidden);
  return (
    values.size === hidden.length &&
    hidden.every(([name]) => HIDDEN_FIELD.test(name)) &&
    hidden.flatMap(([name]) => /^\$ACTION_REF_(\d+)$/.exec(name)?.[1] ?? []).every(isWholeIn(values))
  );
}

/** A reference to an action is two more fields: which action, and the state it goes on from. */
const isWholeIn = (values: ReadonlyMap<string, unknown>) => (reference: string) => {
  const action = parse(values.get(`$ACTION_${reference}:0`), () => true);
  return isReference(action) && isArgumentList(values.get(`$ACTION_${reference}:1`));
};

function isReference(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("id" in value) || !("bound" in value)) return false;
  return typeof value.id === "string" && ACTION_ID.test(value.id) && value.bound === "$@1";
}

/** The value of a JSON text, or undefined: not JSON, or with a string in it that is not allowed. */
function parse(
  text: unknown,
  isAllowed = (found: string) => !found.startsWith("$") || OURS.test(found),
): unknown {
  if (typeof text !== "string") return undefined;
  let isOurs = true;
  try {
    const value: unknown = JSON.parse(text, (_key, found) => {
      if (typeof found === "string" && !isAllowed(found)) isOurs = false;
      return found;
    });
    return isOurs ? value : undefined;
  } catch {
    return undefined;
  }
}
