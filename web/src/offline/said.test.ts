import { describe, expect, it } from "vitest";
import { read } from "./said";

describe("what the server says to a browser", () => {
  it("is read as it was written", () => {
    const text = JSON.stringify({ id: "ntf_1", kind: "approval.asked", title: "A plan waits", body: "Risk: low", interrupt: "int_1a", quick: true });
    expect(read(text)).toEqual({ id: "ntf_1", title: "A plan waits", body: "Risk: low", interrupt: "int_1a", quick: true, again: false });
  });

  it("is shown as something whatever it is, and leads nowhere but to a question", () => {
    for (const text of ["", "no", "null", "[]", '"x"', "{}", '{"title":3,"quick":true}', '{"interrupt":"../../api/auth/logout","quick":true}']) {
      const said = read(text);
      expect(said.title).not.toBe("");
      expect([said.interrupt, said.quick, said.again]).toEqual([undefined, false, false]);
    }
  });
});
