import { expect, it } from "vitest";
import type { InterruptSummary, Me, NotificationList } from "./generated/api";
import { about, forMe, unseen } from "./unseen";

const question = (id: string, people: string[] = [], accepted_by: string[] = []) => ({ id, people, accepted_by }) as unknown as InterruptSummary;
const who = (...scopes: string[]) => ({ person: "ada", scopes }) as unknown as Me;
const message = (id: string, interrupt?: string, read_at?: string) => ({ notification: { id, read_at }, title: id, interrupt });
const list = (...items: ReturnType<typeof message>[]) => ({ items, unread: items.filter(({ notification }) => !notification.read_at).length }) as unknown as NotificationList;

it("waits for me what I may answer and have not", () => {
  const items = [question("any"), question("mine", ["ada", "ben"]), question("theirs", ["ben"]), question("done", [], ["ada"])];
  expect(forMe(items, who("gates:approve")).map(({ id }) => id)).toEqual(["any", "mine"]);
  expect(forMe(items, who("work:read"))).toEqual([]);
  expect(forMe(items, undefined)).toEqual([]);
});

it("counts a question once, though somebody was told of it", () => {
  const all = list(message("m1", "q1"), message("m2", "q2"), message("m3"), message("m4", "q1", "2026-01-01"));
  expect(unseen([question("q1")], all)).toEqual({ asked: 1, other: 2 });
  expect(unseen([], undefined)).toEqual({ asked: 0, other: 0 });
});

it("knows what is not read about a question", () => {
  expect(about(list(message("m1", "q1"), message("m2", "q1", "2026-01-01"), message("m3", "q2")), "q1")).toEqual(["m1"]);
});
