import { describe, expect, it } from "vitest";
import { age, ago, bytes, capital, count, length, money, plural, range, short, words } from "./format";

describe("what people read", () => {
  it("keeps the digits of a sum that say something", () => {
    expect([0, 12, 1_234, 45_678, 123_456, 2_500_000, 1_234_567_890].map(money)).toEqual([
      "$0",
      "< $0.0001",
      "$0.0012",
      "$0.046",
      "$0.12",
      "$2.50",
      "$1,234.57",
    ]);
  });

  it("shortens a count where its last digits say nothing", () => {
    expect([0, 999, 9_999, 56_789, 1_200_000].map(count)).toEqual(["0", "999", "9,999", "56.8k", "1.2m"]);
    expect([plural(1, "ticket"), plural(2, "ticket"), plural(0, "reply", "replies")]).toEqual(["1 ticket", "2 tickets", "0 replies"]);
  });

  it("tells a range, and one figure where both ends look the same", () => {
    expect(range(0, 2_500_000, money)).toBe("$0 – $2.50");
    expect(range(0, 0, money)).toBe("$0");
  });

  it("tells a length of time in two places at the most", () => {
    expect([0, 850, 4_200, 42_000, 185_000, 180_000, 7_800_000, 273_600_000].map(length)).toEqual([
      "0 ms",
      "850 ms",
      "4.2 s",
      "42 s",
      "3 min 5 s",
      "3 min",
      "2 h 10 min",
      "3 d 4 h",
    ]);
  });

  it("tells an age in one, and nothing negative where clocks differ", () => {
    expect([-3_000, 0, 12_000, 180_000, 7_200_000, 432_000_000].map(age)).toEqual(["just now", "just now", "12 s", "3 min", "2 h", "5 d"]);
    expect(ago(180_000)).toBe("3 min ago");
    expect(ago(100)).toBe("just now");
  });

  it("has sizes, ids and names in words", () => {
    expect([0, 900, 1_536, 200_000_000].map(bytes)).toEqual(["0 B", "900 B", "1.5 KB", "191 MB"]);
    expect(short("run_01jd7x3k9m2q5v8w")).toBe("run…2q5v8w");
    expect([short("T-3f9k2"), short("run_1")]).toEqual(["T-3f9k2", "run_1"]);
    expect(capital(words("ticket_state_changed"))).toBe("Ticket state changed");
  });
});
