import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** From an idea to a spec by talking: what is said is put into the text, can be taken back, and is saved by nobody but a person. */

const proposal = (answer: object) => JSON.stringify({ reply: "", title: "", overview: "", requirements: [], removed: [], questions: [], ...answer });
const SCRIPT = `
json_schema = true
[[rules]]
contains = "Person: Sing a song."
text = "I would rather not."
[[rules]]
contains = "Person: Ties by the alphabet."
text = '${proposal({
  reply: "Ties are settled.",
  requirements: [
    { id: "REQ-2", title: "Ranks words", text: "WHEN two words are as frequent, THE SYSTEM SHALL print the one first that comes first in the alphabet.", examples: [] },
    { id: "", title: "Names no such thing", text: "Builds on REQ-99.", examples: [] },
  ],
})}'
[[rules]]
contains = "Person: A tool that counts"
text = '${proposal({
  reply: "I wrote down two requirements.",
  title: "Word tools",
  requirements: [
    { id: "", title: "Counts words", text: "WHEN a text is given, THE SYSTEM SHALL print how many words it has.", examples: [{ command: "printf x | python3 count.py", output: "1" }] },
    { id: "", title: "Ranks words", text: "THE SYSTEM SHALL rank words by how often they come.", examples: [] },
  ],
  questions: ["What of ties?"],
})}'
`;

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  swarm = await Swarm.start(undefined, SCRIPT);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

const text = (person: Person) => person.page.getByLabel("The spec, in Markdown");

async function looked(person: Person, what: string): Promise<void> {
  await person.settled();
  await fits(person.page, what);
  if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(" ", "-")}.png`, fullPage: true });
  await accessible(person.page, what);
}

describe("an idea", () => {
  it("is said at home, and begins a spec", async () => {
    const { page } = ada;
    await ada.go("/");
    await page.getByLabel("What should be built").fill("A tool that counts the words of a text, and ranks them");
    await page.getByText("A model writes it down as requirements").waitFor();
    await page.getByRole("textbox", { name: /^Project/ }).or(page.getByRole("combobox", { name: /^Project/ })).fill("words");
    await page.getByLabel("Its repository").fill(swarm.repo);
    await looked(ada, "an idea at home");
    await page.getByRole("button", { name: "Write a spec" }).click();
    await page.waitForURL(/\/design$/);
    await page.getByText("I wrote down two requirements.").waitFor();
    await page.getByText("What of ties?").waitFor();
    expect(await text(ada).inputValue()).toContain("## REQ-2: Ranks words");
    await looked(ada, "an idea written down");
  });

  it("is gone on with, after a reload, and says what was left out", async () => {
    const { page } = ada;
    await page.reload();
    await page.getByText("I wrote down two requirements.").waitFor();
    await page.getByLabel("Say more").fill("Ties by the alphabet.");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Ties are settled.").waitFor();
    await page.getByText(/Left out Names no such thing/).waitFor();
    expect(await text(ada).inputValue()).toContain("comes first in the alphabet");
    await page.getByRole("button", { name: "Undo this answer" }).click();
    expect(await text(ada).inputValue()).not.toContain("comes first in the alphabet");
    await page.getByRole("button", { name: "Put it in again" }).click();
    expect(await text(ada).inputValue()).toContain("comes first in the alphabet");
  });

  it("leaves the text as it is where the answer cannot be used, and says so", async () => {
    const { page } = ada;
    const before = await text(ada).inputValue();
    await page.getByLabel("Say more").fill("Sing a song.");
    await page.getByRole("button", { name: "Write it down" }).click();
    await page.getByText("It was not written down").waitFor();
    expect(await text(ada).inputValue()).toBe(before);
    await looked(ada, "an answer that cannot be used");
  });

  it("is a spec when a person saves it, and is talked about there", async () => {
    const { page } = ada;
    expect((await swarm.ask<{ items: unknown[] }>("GET", "/api/specs")).items).toHaveLength(0);
    await page.getByRole("button", { name: "Read it" }).click();
    await page.waitForURL(/\/design\/spec_/);
    await page.getByRole("link", { name: "Say it" }).click();
    await page.getByRole("textbox", { name: "Say what you want" }).waitFor();
    await looked(ada, "say it about a spec");
  });

  it("may be said by who may write specs, and fits a phone", async () => {
    await ben.go(new URL(ada.page.url()).pathname + "?show=say");
    await ben.settled();
    expect(await ben.page.getByRole("textbox", { name: "Say what you want" }).count()).toBe(0);
    await ada.page.setViewportSize({ width: 390, height: 844 });
    await ada.go("/design");
    await looked(ada, "say it on a phone");
  });
});
