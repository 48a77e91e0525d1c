/** One thing that was looked at. */
export interface Finding {
  part: string;
  isWell: boolean;
  /** What was seen and, where it is not well, what to do. */
  says: string;
}

export type Answer = Omit<Finding, "part">;

export const well = (says: string): Answer => ({ isWell: true, says });
export const unwell = (says: string): Answer => ({ isWell: false, says });

/** What was found of one part. Whatever keeps it from being looked at is found too. */
export async function check(part: string, look: () => Promise<Answer | Answer[]>): Promise<Finding[]> {
  try {
    return [await look()].flat().map((answer) => ({ part, ...answer }));
  } catch (error) {
    return [{ part, ...unwell(lastLineOf(error)) }];
  }
}

/** Prisma puts what has happened last. */
function lastLineOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n").at(-1) ?? "") : String(error);
}
