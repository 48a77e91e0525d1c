import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright/test";

/** What axe finds on the page as it is now: each rule with what breaks it. */
export async function violationsOf(page: Page): Promise<string[]> {
  // What is still fading has less contrast than it will have.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every((animation) => !(animation instanceof CSSTransition) || animation.playState !== "running"),
  );
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}
