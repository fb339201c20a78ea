import { expect, it } from "vitest";
import { device } from "./device";

it("calls a device what people call it", () => {
  expect(device("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36")).toBe("Chrome on Linux");
  expect(device("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Mobile/15E148 Safari/604.1")).toBe("Safari on an iPhone");
  expect(device("curl/8.5.0")).toBe("curl/8.5.0");
  expect(device("")).toContain("did not say");
});
