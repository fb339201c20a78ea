import { describe, expect, it } from "vitest";
import { abilityOf, calmly } from "./ceremony";

const at = (address: string, isSecure = true, isKnown = true) => abilityOf(new URL(address), isSecure, isKnown);

describe("where a page can have passkeys", () => {
  it("is where it has a name, over TLS or on this machine", () => {
    for (const good of ["https://swarm.example.org/", "http://localhost:4180/settings", "https://1.example.org/"]) expect(at(good), good).toEqual({ can: true });
  });

  it("is the same page by its name, where it was opened by this machine's address", () => {
    for (const own of ["http://127.0.0.1:4180/settings", "http://[::1]:4180/", "http://127.1.2.3:4180/"]) {
      expect(at(own), own).toEqual({ can: false, lacks: "name", open: "http://localhost:4180" });
    }
    expect(at("http://127.0.0.1/")).toEqual({ can: false, lacks: "name", open: "http://localhost" });
  });

  it("is nowhere that this page knows, where it came by another machine's address or in plain text", () => {
    for (const none of ["http://192.168.1.7:4180/", "https://10.0.0.1/", "https://[fe80::1]/", "https://127.0.0.1/"]) expect(at(none), none).toEqual({ can: false, lacks: "name" });
    expect(at("http://swarm.example.org/", false, false)).toEqual({ can: false, lacks: "name" });
  });

  it("is in another browser, where this one knows of none", () => {
    expect(at("https://swarm.example.org/", true, false)).toEqual({ can: false, lacks: "browser" });
  });
});

describe("a question of the browser that ended without a passkey", () => {
  const ended = (name: string) => Object.assign(new Error("The operation either timed out or was not allowed."), { name });

  it("is no fault, whoever ended it", () => {
    for (const name of ["NotAllowedError", "AbortError", "InvalidStateError", "ConstraintError"]) expect(calmly(ended(name), "add"), name).toBeDefined();
    expect(calmly(ended("NotAllowedError"), "add")).toContain("Nothing was added");
    expect(calmly(ended("NotAllowedError"), "sign in")).toContain("You are not signed in");
  });

  it("is a fault where it failed otherwise", () => {
    for (const other of [ended("SecurityError"), new TypeError("x"), "x", undefined]) expect(calmly(other, "sign in")).toBeUndefined();
  });
});
