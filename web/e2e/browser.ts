import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const SIZES = {
  desk: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
} as const;

export type Size = keyof typeof SIZES;

/** Where Chromium is on this machine. */
export function chromiumPath(): string | undefined {
  return [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path));
}

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath() ?? "chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** Somebody at a browser of their own. What the page complains of is kept, and asked for in the end. */
export class Person {
  readonly complaints: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async at(browser: Browser, baseURL: string, size: Size, serviceWorkers: "allow" | "block" = "block"): Promise<Person> {
    const context = await browser.newContext({ ...SIZES[size], baseURL, colorScheme: "light", reducedMotion: "reduce", serviceWorkers });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const person = new Person(context, page);
    page.on("pageerror", (error) => person.complaints.push(error.message));
    page.on("console", (message) => {
      // A server that was killed, and an answer that is no, are told by the browser too.
      const isNetwork = message.text().startsWith("Failed to load resource") || /WebSocket connection to/.test(message.text());
      if (message.type() === "error" && !isNetwork) person.complaints.push(message.text());
    });
    return person;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(path, { waitUntil: "load" });
    await this.settled();
  }

  /** Until nothing is being loaded. */
  async settled(): Promise<void> {
    // What is painted before the app runs has a heading too.
    await this.page.locator("#root:not([inert])").waitFor({ state: "attached" });
    await this.page.locator("h1").locator("visible=true").first().waitFor();
    await expect.poll(() => this.page.getByText(/^Loading/).count()).toBe(0);
  }

  async join(link: string, email: string, password: string): Promise<void> {
    await this.page.goto(link);
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Make the account" }).click();
    // Who made the first account is led on to a model and a repository.
    const home = this.page.getByRole("link", { name: "Go home", exact: true });
    await home.or(this.page.getByRole("heading", { name: "Home" })).first().waitFor();
    if (await home.count()) await home.click();
    await this.page.getByRole("heading", { name: "Home" }).waitFor();
  }

  async isLive(): Promise<void> {
    await this.page.getByRole("status").filter({ hasText: /^Live$/ }).locator("visible=true").first().waitFor();
  }
}

const THEMES = [
  { scheme: "light", contrast: "usual" },
  { scheme: "dark", contrast: "usual" },
  { scheme: "light", contrast: "more" },
  { scheme: "dark", contrast: "more" },
] as const;

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Looks with axe at the page as it is, in every theme. A menu that is open stands beside the landmarks: `region` is no WCAG rule. */
export async function accessible(page: Page, what: string, region = true): Promise<void> {
  // The page's policy takes no script from elsewhere; this goes in by the debugger, as an extension would.
  await page.evaluate(AXE);
  // A colour that is on its way from one theme to the other is of neither.
  await page.evaluate(() => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets = [still];
  });
  for (const { scheme, contrast } of THEMES) {
    await page.evaluate(
      ([scheme, contrast]) => {
        const root = document.documentElement;
        root.setAttribute("data-mantine-color-scheme", scheme);
        if (contrast === "more") root.setAttribute("data-contrast", "more");
        else root.removeAttribute("data-contrast");
      },
      [scheme, contrast] as const,
    );
    const found = await page.evaluate(async (region) => {
      const { axe } = window as unknown as { axe: { run: (options: unknown) => Promise<{ violations: Violation[] }> } };
      const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await axe.run({ runOnly, rules: { region: { enabled: region } } });
      return violations.map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`),
      }));
    }, region);
    expect(found, `${what}, ${scheme}, contrast ${contrast}`).toEqual([]);
  }
  await page.evaluate(() => {
    document.documentElement.setAttribute("data-mantine-color-scheme", "light");
    document.documentElement.removeAttribute("data-contrast");
    document.adoptedStyleSheets = [];
  });
}

/** Nothing is wider than the window: nobody scrolls sideways. */
export async function fits(page: Page, what: string): Promise<void> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(beyond, `${what} is wider than the window`).toBeLessThanOrEqual(0);
}
