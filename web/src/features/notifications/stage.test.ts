import { expect, it } from "vitest";
import { stageWords } from "./stage";

it("says why a message was sent", () => {
  expect(stageWords("asked")).toBe("Asked");
  expect(stageWords("reminded.1")).toBe("Reminded");
  expect(stageWords("reminded.3")).toBe("Reminded, time 3");
  expect(stageWords("something_new")).toBe("Something new");
});
