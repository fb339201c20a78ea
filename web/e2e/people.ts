import type { Browser } from "playwright-core";
import { Person } from "./browser";
import type { Swarm } from "./swarm";

/** How long a page may take, in milliseconds: machines that check are slow. */
const PATIENCE = 60_000;
export const [ADA, BEN] = ["ada@example.org", "ben@example.org"];
const PASSWORD = "correct horse battery";

/** The two that most journeys have: Ada, who set swarm up, at a desk, and Ben, who reviews, at a phone. */
export async function two(browser: Browser, swarm: Swarm, role = "reviewer"): Promise<{ ada: Person; ben: Person }> {
  const [ada, ben] = [await Person.at(browser, swarm.url, "desk"), await Person.at(browser, swarm.url, "phone")];
  for (const { page } of [ada, ben]) page.setDefaultTimeout(PATIENCE);
  await ada.join(swarm.firstStart.replace(swarm.url, ""), ADA, PASSWORD);
  const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: BEN, role });
  await ben.join(`/join#${link}`, BEN, PASSWORD);
  return { ada, ben };
}
