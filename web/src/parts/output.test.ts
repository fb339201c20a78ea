import { expect, it } from "vitest";
import { output } from "./output";

it("reads both streams, and leaves what is none of ours as it is", () => {
  expect(output('{"stdout":"3\\n","stderr":"","dropped_bytes":0}')).toBe("3\n");
  expect(output('{"stdout":"","stderr":"no\\n","dropped_bytes":7}')).toBe("(7 bytes were left out)\nno\n");
  expect(output("{not json")).toBe("{not json");
  expect(output('{"a":1}')).toBe('{"a":1}');
  expect(output("plain")).toBe("plain");
});
