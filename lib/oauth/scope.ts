import { isScope } from "@/lib/tokens/claims";

/** The words of a scope (RFC 6749 section 3.3) as they were asked for, each once; null for what is none. */
export const parseScope = (text: string): string[] | null =>
  isScope(text) ? [...new Set(text.split(" "))] : null;

/** The words of a scope that is kept; of an empty one, none. */
export const wordsOf = (scope: string): string[] => (scope === "" ? [] : scope.split(" "));

/** Whether nothing is asked for that is not allowed. */
export const isWithin = (asked: readonly string[], allowed: readonly string[]): boolean =>
  asked.every((word) => allowed.includes(word));

export const formatScope = (words: readonly string[]): string => words.join(" ");
