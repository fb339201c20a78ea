import { expect, it } from "vitest";
import type { Setting } from "~/api/generated/api";
import { settingsLookOf } from "./look";
import { fileLine, found, isChanged, isStronger, switches, switchOf, variableLine } from "./setting";

const setting = (key: string, value: string, from = "default"): Setting => ({ key, value, from });

it("finds what is turned on or off", () => {
  expect(switchOf(setting("flows.review", "false"))).toMatchObject({ stands: "off", word: "Off", others: ["true"] });
  expect(switchOf(setting("flows.review", "true"))).toMatchObject({ stands: "on", word: "On", others: ["false"] });
  expect(switchOf(setting("flows.mutants", "8"))).toMatchObject({ stands: "on", word: "On: 8", others: ["0"] });
  expect(switchOf(setting("flows.mutants_for_code", "0"))).toMatchObject({ stands: "off", others: ["8"] });
});

it("finds what is in one of a few modes", () => {
  expect(switchOf(setting("flows.gate.secrets", '"block"'))).toMatchObject({ stands: "on", word: "Blocks", others: ['"warn"', '"off"'] });
  expect(switchOf(setting("flows.gate.semgrep", '"warn"'))).toMatchObject({ stands: "mode", word: "Warns" });
  expect(switchOf(setting("flows.gate.tests", '"off"'))).toMatchObject({ stands: "off", word: "Off" });
  expect(switchOf(setting("auth.second_factor", '"optional"'))).toMatchObject({ stands: "mode", word: "optional", others: ['"required_for_admins"'] });
});

it("takes nothing else for a switch", () => {
  for (const [key, value] of [
    ["build.max_parallel", "4"],
    ["server.limits.operator", '"none"'],
    ["flows.sponsor_name", '"swarm"'],
    ["flows.models", "[]"],
    ["auth.providers", "{}"],
  ] as const) {
    expect(switchOf(setting(key, value)), key).toBeUndefined();
  }
  expect(switches([setting("flows.review", "true"), setting("server.port", "0")]).map(({ key }) => key)).toEqual(["flows.review"]);
});

it("writes what sets it, as a file and as a variable", () => {
  expect(fileLine("flows.gate.secrets", '"warn"')).toBe('[flows.gate]\nsecrets = "warn"');
  expect(variableLine("flows.gate.secrets", '"warn"')).toBe("SWARM_FLOWS__GATE__SECRETS=warn");
  expect(variableLine("flows.models", '["a/b"]')).toBe(`SWARM_FLOWS__MODELS='["a/b"]'`);
  expect(variableLine('sandbox.network.places."a.b"', '"c"')).toBeUndefined();
  expect(variableLine("auth.providers.my-own.kind", '"oidc"')).toBeUndefined();
});

it("knows what somebody set, and what goes before the file", () => {
  expect([setting("a.b", "1"), setting("a.b", "1", "swarm.toml"), setting("a.b", "1", "$SWARM_A__B"), setting("a.b", "1", "--port")].map((one) => [isChanged(one), isStronger(one)])).toEqual([
    [false, false],
    [true, false],
    [true, true],
    [true, true],
  ]);
});

it("finds settings by key, value, place and words", () => {
  const all = [setting("server.port", "4180", "--port"), setting("flows.review", "false")];
  expect(found(all, settingsLookOf({ text: "--PORT" })).map(({ key }) => key)).toEqual(["server.port"]);
  expect(found(switches(all), settingsLookOf({ text: "reviewing agent" })).map(({ key }) => key)).toEqual(["flows.review"]);
  expect(settingsLookOf({ text: "", show: "all" })).toEqual({});
});
