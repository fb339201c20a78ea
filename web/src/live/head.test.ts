import { expect, it } from "vitest";
import { lastWhere } from "./head";

it("finds the end of a log of any length, in few questions", async () => {
  for (const length of [0, 1, 2, 63, 64, 65, 1_000, 1_048_577]) {
    let asked = 0;
    const found = await lastWhere(async (after) => {
      asked += 1;
      return after < length;
    });
    expect(found).toBe(length);
    expect(asked).toBeLessThan(45);
  }
});
