import { expect, it } from "vitest";
import { options } from "./options";

it("reads what a run may use, and says what is wrong where it cannot", () => {
  expect(options({ dollars: "", agents: "4" })).toEqual({ options: { budget: {}, max_attempts: 3, max_parallel: 4 } });
  expect(options({ dollars: "2.50", agents: "1" })).toHaveProperty("options.budget.usd", 2_500_000);
  expect(options({ dollars: "0", agents: "1" })).toHaveProperty("options.budget.usd", 0);
  for (const agents of ["", "0", "65", "1.5", "x"]) expect(options({ dollars: "", agents })).toHaveProperty("wrong.agents");
  for (const dollars of ["-1", "two", "Infinity"]) expect(options({ dollars, agents: "4" })).toHaveProperty("wrong.dollars");
});
