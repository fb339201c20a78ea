import { resolve } from "node:path";
import { type Person, SIZES } from "../browser";

/** Where the pictures of docs/src/web.md are. */
export const images = resolve(import.meta.dirname, "../../../docs/src/images");

/** Takes a picture of where somebody is. */
export async function picture(person: Person, name: string): Promise<void> {
  const { page } = person;
  await person.settled();
  // No shade of what the pointer left, and no ring around what had the focus.
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  const isPhone = page.viewportSize()?.width === SIZES.phone.viewport.width;
  await page.screenshot({ path: `${images}/web-${name}.png`, ...(isPhone ? { scale: "css" } : {}) });
}
