import { expect, test } from "vitest";
import { currentHref } from "./navigation";

const groupOf = (...hrefs: string[]) => ({
  label: "Group",
  items: hrefs.map((href) => ({ href, label: href })),
});
const GROUPS = [groupOf("/account", "/account/sessions"), groupOf("/admin/sessions", "/admin/users")];

test.each([
  ["/account", "/account"],
  ["/account/sessions", "/account/sessions"],
  ["/account/anything", "/account"],
  ["/admin/users/42", "/admin/users"],
  ["/admin/userswap", undefined],
  ["/", undefined],
])("%s belongs to %s", (path, href) => {
  expect(currentHref(GROUPS, path)).toBe(href);
});
