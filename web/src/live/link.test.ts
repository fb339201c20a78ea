import { describe, expect, it } from "vitest";
import { GRACE, type Happening, initial, isSeen, isSilent, type Link, next, SILENCE, standing, wait } from "./link";

const after = (...happened: Happening[]): Link => happened.reduce(next, initial);
const open: Happening = { kind: "open", at: 1_000, position: 40 };
const cut = (at: number, stood = true): Happening => ({ kind: "closed", at, code: 1006, stood });

describe("the cursor", () => {
  it("goes forward only, whoever moves it", () => {
    const link = after(open, { kind: "event", at: 1_100, position: 43 }, { kind: "event", at: 1_200, position: 41 });
    expect(link.cursor).toBe(43);
    expect(next(link, { kind: "heartbeat", at: 1_300, position: 42, away: false }).cursor).toBe(43);
    expect(next(link, { kind: "gap", at: 1_300, until: 60 }).cursor).toBe(60);
  });

  it("tells what was seen before", () => {
    const link = after(open);
    expect(isSeen(link, 40)).toBe(true);
    expect(isSeen(link, 41)).toBe(false);
    expect(isSeen(initial, 0)).toBe(false);
  });

  it("survives a cut, and is what the server says where it cut off who was slow", () => {
    expect(after(open, cut(2_000)).cursor).toBe(40);
    expect(after(open, { kind: "closed", at: 2_000, code: 4413, cursor: 12, stood: true }).cursor).toBe(12);
  });

  it("is given up where the log does not reach it", () => {
    expect(after(open, { kind: "lost", at: 2_000 }).cursor).toBeUndefined();
  });
});

describe("what is shown", () => {
  it("is live only while something is heard and the server itself hears", () => {
    const link = after(open);
    expect(standing(link, 1_000)).toBe("live");
    expect(standing(link, 1_000 + SILENCE + 1)).toBe("stale");
    expect(isSilent(link, 1_000 + SILENCE + 1)).toBe(true);
    expect(standing(next(link, { kind: "heartbeat", at: 2_000, position: 40, away: true }), 2_000)).toBe("stale");
  });

  it("is reconnecting for a moment and stale after it, counted from the first cut", () => {
    const link = after(open, cut(5_000), { kind: "trying" }, cut(9_000, false));
    expect(standing(link, 5_000 + GRACE)).toBe("reconnecting");
    expect(standing(link, 5_001 + GRACE)).toBe("stale");
    expect(standing(next(link, { kind: "open", at: 20_000, position: 50 }), 20_000)).toBe("live");
  });

  it("is neither after the session ended or the server speaks another version", () => {
    expect(standing(after(open, { kind: "closed", at: 2_000, code: 4401, stood: true }), 9e9)).toBe("signed_out");
    expect(standing(after(open, { kind: "closed", at: 2_000, code: 4406, stood: true }), 9e9)).toBe("outdated");
  });
});

describe("the next try", () => {
  it("comes later each time, within a bound, and not at the same moment for all", () => {
    expect(wait(0, 0)).toBe(250);
    expect(wait(0, 1)).toBe(500);
    expect(wait(3, 1)).toBe(4_000);
    expect(wait(30, 1)).toBe(15_000);
  });

  it("goes over plain HTTP once WebSockets did not stand three times in a row", () => {
    expect(after(cut(1, false), cut(2, false)).transport).toBe("websocket");
    expect(after(cut(1, false), cut(2, false), cut(3, false)).transport).toBe("sse");
    expect(after(open, cut(1), cut(2), cut(3), cut(4)).transport).toBe("websocket");
  });
});
