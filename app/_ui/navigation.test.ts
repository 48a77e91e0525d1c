import { expect, test } from "vitest";
import { ACCOUNT_NAV, ADMIN_NAV, currentHref } from "./navigation";

test.each([
  ["/account", "/account"],
  ["/account/sessions", "/account/sessions"],
  ["/account/anything", "/account"],
  ["/admin/users/42", "/admin/users"],
  ["/admin/userswap", undefined],
  ["/", undefined],
])("%s belongs to %s", (path, href) => {
  expect(currentHref([ACCOUNT_NAV, ADMIN_NAV], path)).toBe(href);
});
