import { expect, it } from "vitest";
import { placed } from "./layout";

it("puts what waits to the right of what it waits for, and leaves out what is not there", () => {
  const at = placed([
    { id: "a", after: [] },
    { id: "b", after: ["a"] },
    { id: "c", after: ["b", "gone"] },
  ]);
  expect(at.size).toBe(3);
  expect(at.get("a")!.x).toBeLessThan(at.get("b")!.x);
  expect(at.get("b")!.x).toBeLessThan(at.get("c")!.x);
});
