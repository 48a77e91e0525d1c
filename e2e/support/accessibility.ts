import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright/test";

/** What axe finds on the page as it is now, in both themes: each rule with what breaks it. */
export async function violationsOf(page: Page): Promise<string[]> {
  return [
    ...(await violationsIn("light", page, new AxeBuilder({ page }))),
    // Nothing but its colours depends on the theme.
    ...(await violationsIn("dark", page, new AxeBuilder({ page }).withRules(["color-contrast"]))),
  ];
}

async function violationsIn(colorScheme: "light" | "dark", page: Page, axe: AxeBuilder): Promise<string[]> {
  await page.emulateMedia({ colorScheme });
  // What is still fading has less contrast than it will have.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every((animation) => !(animation instanceof CSSTransition) || animation.playState !== "running"),
  );
  const { violations } = await axe.analyze();
  return violations.map(
    ({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}
