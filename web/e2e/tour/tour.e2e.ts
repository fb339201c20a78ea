import { createECDH, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authenticator } from "../authenticator";
import { launch, Person } from "../browser";
import { BEN, two } from "../people";
import { Swarm } from "../swarm";
import { fixtures } from "../vms";
import { images, picture } from "./picture";

/**
 * Takes the pictures of docs/src/web.md: a run of the demo that is done, one that stands before its questions, and a spec that is not
 * all clear. All of it is a real server's but what it cannot have here: sandboxes that stay open, days before today, and what a
 * browser is told by and keeps passkeys in.
 */

const RULES = `
[flows.notifications]
every_seconds = 1

[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false

[[flows.approvals.rules]]
name = "every change"
on = "diff"
four_eyes = false
`;
const SPEC = readFileSync(resolve(import.meta.dirname, "../../../examples/textstat/spec.md"), "utf8");
/** A scenario that nothing follows from. */
const UNCLEAR = `${SPEC.trimEnd()}\n\n- GIVEN the user is logged in\n- WHEN they ask for help\n- THEN all is well\n`;
const LONG = { timeout: 200_000, interval: 500 };

interface Question {
  id: string;
  kind: string;
  run: string;
}

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
let plan = "";
let done = "";
let going = "";

beforeAll(async () => {
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

const waiting = async (run: string) => (await swarm.ask<{ items: Question[] }>("GET", "/api/hitl?state=waiting")).items.filter((one) => one.run === run);
const stateOf = async (run: string) => (await swarm.ask<{ state: { state: string } }>("GET", `/api/runs/${run}`)).state.state;
const begin = async (max_parallel: number) => (await swarm.ask<{ id: string }>("POST", "/api/runs", { plan, options: { budget: {}, max_parallel, max_attempts: 3, fresh: true } })).id;
const accept = ({ id }: Question) => swarm.ask("POST", `/api/hitl/${id}/respond`, { type: "accept", args: null });

describe("what is there to see", () => {
  it("is a run that is done", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    swarm.run("budget", "set", "project:textstat", "--tokens", "400000", "--per", "month");
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: SPEC });
    plan = (await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id })).id;
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan}`)).plan, LONG).toBeTruthy();
    done = await begin(4);
    await expect
      .poll(async () => {
        for (const one of await waiting(done)) await accept(one).catch(() => undefined);
        return stateOf(done);
      }, LONG)
      .toBe("done");
  });

  it("is a run that waits, with some of it merged", async () => {
    for (const { page } of [ada, ben]) {
      await page.goto("/notifications");
      await page.getByRole("button", { name: "Mark all as read" }).click();
      await page.getByText("All of it is read.").waitFor();
    }
    going = await begin(3);
    await expect.poll(async () => (await waiting(going)).length, LONG).toBe(1);
    for (const one of await waiting(going)) await accept(one);
    for (let answered = 0; answered < 3; answered += 1) {
      await expect.poll(async () => (await waiting(going)).length, LONG).toBeGreaterThan(0);
      await accept((await waiting(going))[0]!);
    }
    // And one whose plan nobody has looked at.
    await begin(1);
    await expect.poll(async () => (await waiting(going)).length, LONG).toBeGreaterThan(1);
  });
});

describe("the pictures", () => {
  it("of what waits", async () => {
    const { page } = ada;
    await ada.go("/");
    await ada.isLive();
    await page.getByText(/Merge the change of/).first().waitFor();
    await picture(ada, "home");
    await page.getByRole("button", { name: /^\d+ new: / }).click();
    await page.getByRole("link", { name: "All notifications" }).waitFor();
    await page.getByRole("list", { name: "The newest messages" }).waitFor();
    await page.screenshot({ path: `${images}/web-bell.png`, clip: { x: 0, y: 0, width: 900, height: 620 } });
    await page.keyboard.press("Escape");
    const { id } = (await waiting(going)).find(({ kind }) => kind === "diff_review")!;
    await ada.go(`/approvals/${id}`);
    await page.locator(".change-file").first().waitFor();
    await picture(ada, "approval");
    await page.locator('.diff-gutter[data-change-key="I3"]').last().click();
    await page.getByLabel("Remark on line 3").fill("Say in a word why this is needed.");
    await page.getByLabel("Remark on line 3").press("Control+Enter");
    await page.locator('.diff-gutter[data-change-key="I6"]').last().click();
    await page.getByLabel("Remark on line 6").fill("And what of an empty text?");
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${images}/web-remarks.png` });
    await page.getByLabel("Remark on line 6").press("Escape");
    await ada.go("/notifications");
    await page.getByRole("list", { name: "Messages" }).waitFor();
    await picture(ada, "notifications");
  });

  it("of the work", async () => {
    const { page } = ada;
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: UNCLEAR });
    await ada.go(`/design/${spec.id}`);
    await page.getByRole("heading", { name: "Not understood" }).waitFor();
    await page.locator("summary").filter({ hasText: "Split a text into words" }).click();
    await picture(ada, "design");
    await ada.go(`/board?run=${going}`);
    await page.locator("li[data-state]").first().waitFor();
    await picture(ada, "board");
    await ada.go(`/runs/${going}?view=graph`);
    await page.locator(".react-flow__node").first().waitFor();
    await picture(ada, "run");
    const { events } = await swarm.ask<{ events: { seq: number; body: { type: string } }[] }>("GET", `/api/events?run=${done}&limit=1000`);
    const said = events.filter(({ body }) => body.type === "model_called");
    await ada.go(`/runs/${done}?view=steps&step=${said[said.length >> 1]!.seq}`);
    await page.getByText("What was known then").waitFor();
    await picture(ada, "steps");
    await ada.go("/agents");
    await page.getByText("Waits for you").first().waitFor();
    await picture(ada, "agents");
    await ada.go(`/requirements?run=${done}&open=REQ-2`);
    await page.getByText("8 of 8").waitFor();
    await picture(ada, "requirements");
  });

  it("of what it costs, and who may", async () => {
    const { page } = ada;
    await ada.context.route("**/api/runs", async (route) => {
      const answer = await route.fetch();
      const { items } = (await answer.json()) as { items: { spend: Record<string, number> }[] };
      const days = [0.7, 1.3, 0.9, 1.6, 0.4, 0.2, 1.1, 1.4, 1.2].map((much, back) => ({
        ...items[0],
        id: `run_${back}`,
        started_at: new Date(Date.now() - (back + 1) * 86_400_000).toISOString(),
        spend: { usd: 0, tokens_in: Math.round(9_000 * much), tokens_out: Math.round(2_400 * much), calls: Math.round(16 * much) },
      }));
      await route.fulfill({ json: { items: [...items, ...days] } });
    });
    await ada.go("/usage");
    await page.getByRole("heading", { name: "To the end of the month" }).waitFor();
    await page.locator("canvas").first().waitFor();
    await picture(ada, "usage");
    await ada.context.unrouteAll();
    await ada.go(`/admin/policies?who=${BEN}&action=runs:write`);
    await page.getByRole("button", { name: "Explain" }).waitFor();
    await picture(ada, "policies");
    await fixtures(ada.context);
    await ada.go("/sandboxes");
    await page.getByText("implementer").first().waitFor();
    // A chart wants some moments.
    await page.waitForResponse((response) => response.url().endsWith("/api/vms"));
    for (let look = 0; look < 6; look += 1) await page.waitForResponse((response) => response.url().endsWith("/api/vms"));
    await picture(ada, "sandboxes");
    await ada.context.unrouteAll();
  });

  it("of what the server has in it", async () => {
    const { page } = ada;
    await ada.go("/admin");
    await ada.isLive();
    await page.getByText("the newest that this program knows").waitFor();
    await page.getByText(/hears what happens/).waitFor();
    await picture(ada, "system");
    await ada.go("/admin/agents");
    await page.getByRole("link", { name: "coder", exact: true }).waitFor();
    await picture(ada, "agent-files");
    await ada.go("/admin/agents/coder");
    await page.getByText("You are a careful programmer.").waitFor();
    await picture(ada, "agent-file");
    await ada.go("/admin/settings?show=changed");
    await page.getByRole("row").filter({ hasText: "flows.approvals" }).first().waitFor();
    await picture(ada, "program-settings");
    await ada.go("/admin/settings?show=switches&text=flows.gate");
    const dependencies = page.getByRole("listitem").filter({ hasText: "flows.gate.dependencies" });
    await dependencies.getByText("Change it").click();
    await dependencies.getByLabel("To").selectOption('"block"');
    await dependencies.getByText('dependencies = "block"').waitFor();
    await picture(ada, "switches");
  });

  it("of the settings, in a browser that is told and has a passkey", async () => {
    // No push service is asked: the browser's part is played.
    const keys = createECDH("prime256v1");
    keys.generateKeys();
    const cleo = await Person.at(browser, swarm.named, "desk", "allow");
    await Authenticator.of(cleo);
    await cleo.context.grantPermissions(["notifications"]);
    await cleo.context.addInitScript(
      ([p256dh, auth]) => {
        const given = { endpoint: "https://fcm.googleapis.com/fcm/send/tour", toJSON: () => ({ endpoint: "https://fcm.googleapis.com/fcm/send/tour", expirationTime: null, keys: { p256dh, auth } }), unsubscribe: async () => true };
        Object.assign(PushManager.prototype, { subscribe: async () => (localStorage.setItem("played", "yes"), given), getSubscription: async () => (localStorage.getItem("played") ? given : null) });
      },
      [keys.getPublicKey("base64url"), randomBytes(16).toString("base64url")] as const,
    );
    const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: "cleo@example.org", role: "viewer" });
    await cleo.join(`/join#${link}`, "cleo@example.org", "correct horse battery");
    const { page } = cleo;
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await cleo.go("/settings");
    await page.getByRole("button", { name: "Tell me in this browser" }).click();
    await page.getByText("on in this browser").waitFor();
    await page.getByText("Add a passkey").click();
    const passkeys = page.locator("section").filter({ has: page.getByRole("heading", { name: "Passkeys" }) });
    await passkeys.getByLabel("Name").fill("Cleo's notebook");
    await passkeys.getByRole("button", { name: "Add it" }).click();
    await passkeys.getByText("never used").waitFor();
    await cleo.go("/settings");
    await cleo.isLive();
    await passkeys.getByText("never used").waitFor();
    // It came back to where it had been scrolled to.
    await page.evaluate(() => scrollTo(0, 0));
    await picture(cleo, "settings");
    await cleo.context.close();
  });

  it("of a phone", async () => {
    const { page } = ben;
    await ben.go("/");
    await page.getByText(/Merge the change of/).first().waitFor();
    await picture(ben, "home-phone");
    await ben.go(`/board?run=${going}`);
    await page.locator("li[data-state]").first().waitFor();
    await picture(ben, "board-phone");
    await page.emulateMedia({ colorScheme: "dark" });
    const { id } = (await waiting(going)).find(({ kind }) => kind === "diff_review")!;
    await ben.go(`/approvals/${id}`);
    await page.locator(".change-file").first().waitFor();
    await picture(ben, "approval-phone");
  });
});
