import { expect, it, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://127.0.0.1:4180" });
const { isSafe } = await import("./providers");

it("sends nobody to an address that others can listen at, or that is no address", () => {
  for (const good of ["https://github.com/login/oauth/authorize?x=1", "http://127.0.0.1:9000/auth", "http://localhost/auth", "http://[::1]:80/"]) expect(isSafe(good), good).toBe(true);
  for (const bad of ["http://id.example.org/", "javascript:alert(1)", "//evil.example", "", "data:text/html,x", "https://user@evil.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/"]) {
    expect(isSafe(bad), bad).toBe(false);
  }
});
