import { expect, test } from "vitest";
import { findRoute } from "@/lib/policy/routes";
import { ACCOUNT_MENU, ADMIN_MENU } from "./menus";

test.each([
  ["session", ACCOUNT_MENU],
  ["admin", ADMIN_MENU],
] as const)("each entry of the %s menu is a page for those who see it", (access, { items }) => {
  expect(items.map(({ href }) => findRoute(href))).toEqual(
    items.map(({ href }) => expect.objectContaining({ pattern: href, kind: "page", access })),
  );
});
