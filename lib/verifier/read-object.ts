import { isObject } from "@/lib/tokens/compact";

/** Whether a value is right, what it must be, and what it is when it is not there. */
export type Rule = readonly [isRight: (value: never) => boolean, what: string, byDefault?: unknown];

/** The members by these rules. Throws a `TypeError` with one sentence for the first that is wrong or not known. */
export function readObject<Result extends object>(
  given: unknown,
  rules: { readonly [name in keyof Result]-?: Rule },
  path = "",
): Result {
  if (!isObject(given)) throw new TypeError("Options must be an object.");
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) throw new TypeError(`There is no option "${path}${unknown}".`);
  const members = Object.entries<Rule>(rules).map(([name, [isRight, what, byDefault]]) => {
    // What is there is meant: where it is undefined, as a setting that is misspelt, it is wrong.
    const value = name in given ? given[name] : byDefault;
    if (!isRight(value as never)) throw new TypeError(`${path}${name} must be ${what}.`);
    return [name, value];
  });
  return Object.fromEntries(members);
}
