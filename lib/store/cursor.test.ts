import { describe, expect, it } from "vitest";
import { afterCursor, SESSION_ID, toListing } from "./cursor";

const ROWS = [3, 2, 1].map((n) => ({
  id: `session-id-number-00${n}-`.slice(0, 22),
  createdAt: new Date(n * 1000),
}));
const base64url = (text: string): string => Buffer.from(text).toString("base64url");

describe("a cursor", () => {
  it("names the last item of a full page, and the next page begins after it", () => {
    const { items, nextCursor } = toListing(ROWS, { limit: 2, cursor: null });
    expect(items.map(({ id }) => id)).toEqual(["session-id-number-003-", "session-id-number-002-"]);
    const { values } = afterCursor({ limit: 2, cursor: nextCursor }, SESSION_ID);
    expect(values).toEqual([new Date(2000), "session-id-number-002-"]);
  });

  it("is missing on the last page", () => {
    expect(toListing(ROWS, { limit: 3, cursor: null }).nextCursor).toBeNull();
    expect(toListing([], { limit: 3, cursor: null })).toEqual({ items: [], nextCursor: null });
  });

  it.each([
    "",
    "x",
    "%",
    base64url("null"),
    base64url("{}"),
    base64url('["2027-01-01T00:00:00.000Z"]'),
    base64url('["yesterday","id"]'),
    base64url('["2027-01-01T00:00:00.000Z",{"lt":""}]'),
    base64url(`["2027-01-01T00:00:00.000Z","${"x".repeat(65)}"]`),
    base64url('["2027-01-01T00:00:00.000Z","not-the-id-of-a-session"]'),
    base64url('["2027-01-01T00:00:00.000Z","session-id-number-\\u0000-"]'),
    `${base64url('["2027-01-01T00:00:00.000Z","session-id-number-001-"]')}=`,
  ])("of another origin is refused: %j", (cursor) => {
    expect(() => afterCursor({ limit: 2, cursor }, SESSION_ID)).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });
});
