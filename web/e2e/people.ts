import type { Browser } from "playwright-core";
import { Person } from "./browser";
import type { Swarm } from "./swarm";

export const [ADA, BEN] = ["ada@example.org", "ben@example.org"];
const PASSWORD = "correct horse battery";

/** The two that most journeys have: Ada, who set swarm up, at a desk, and Ben, who reviews, at a phone. */
export async function two(browser: Browser, swarm: Swarm, role = "reviewer"): Promise<{ ada: Person; ben: Person }> {
  const [ada, ben] = [await Person.at(browser, swarm.url, "desk"), await Person.at(browser, swarm.url, "phone")];
  await ada.join(swarm.firstStart.replace(swarm.url, ""), ADA, PASSWORD);
  const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: BEN, role });
  await ben.join(`/join#${link}`, BEN, PASSWORD);
  return { ada, ben };
}
