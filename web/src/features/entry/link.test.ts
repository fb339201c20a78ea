import { expect, it } from "vitest";
import { linkIn } from "./link";

it("finds a link in what people paste: the address, the text, a line of a terminal", () => {
  for (const text of ["#swl_0a1b", "swl_0a1b", " http://127.0.0.1:4180/join#swl_0a1b ", "swarm user join swl_0a1b --email you@example.org"]) {
    expect(linkIn(text)).toBe("swl_0a1b");
  }
  for (const none of ["", "#", "swk_0a1b", "swl_", "swl-0a1b"]) expect(linkIn(none)).toBeUndefined();
});
