import { expect, it } from "vitest";
import { csv } from "./csv";

it("quotes what must be quoted, and lets no cell be a formula", () => {
  expect(csv([{ a: 'say "hi"', b: "x,y", c: -1 }, { a: "=1+1", b: null, c: 2.5 }])).toBe(
    'a,b,c\r\n"say ""hi""","x,y",-1\r\n\'=1+1,,2.5\r\n',
  );
  expect(csv([])).toBe("\r\n");
});
