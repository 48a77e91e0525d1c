/** What of an error is written down. */
export interface DescribedError {
  type: string;
  message: string;
  stack?: string | undefined;
  code?: string | undefined;
  /** Next's, which it gives to the browser as well. */
  digest?: string | undefined;
  cause?: DescribedError;
}

const MAX_CAUSES = 5;

/**
 * An error as the log has it: these members and no other, since errors of drivers carry connection strings and rows
 * in members of their own.
 */
export function describeError(error: unknown, maxCauses: number = MAX_CAUSES): DescribedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: "Something else than an error was thrown." };
  const { name, message, stack, cause } = error;
  const hasCause = cause instanceof Error && maxCauses > 0;
  return {
    type: name,
    message,
    stack,
    code: textMember(error, "code"),
    digest: textMember(error, "digest"),
    ...(hasCause ? { cause: describeError(cause, maxCauses - 1) } : {}),
  };
}

function textMember(error: Error, name: "code" | "digest"): string | undefined {
  const value = (error as { code?: unknown; digest?: unknown })[name];
  return typeof value === "string" ? value : undefined;
}
