import bash from "refractor/bash";
import c from "refractor/c";
import cpp from "refractor/cpp";
import csharp from "refractor/csharp";
import css from "refractor/css";
import go from "refractor/go";
import java from "refractor/java";
import javascript from "refractor/javascript";
import json from "refractor/json";
import kotlin from "refractor/kotlin";
import markdown from "refractor/markdown";
import markup from "refractor/markup";
import php from "refractor/php";
import python from "refractor/python";
import ruby from "refractor/ruby";
import rust from "refractor/rust";
import sql from "refractor/sql";
import swift from "refractor/swift";
import toml from "refractor/toml";
import tsx from "refractor/tsx";
import typescript from "refractor/typescript";
import yaml from "refractor/yaml";
import { refractor } from "refractor/core";

/** What colours code, by the grammars of Prism. A chunk of its own: only a diff loads it. */

for (const grammar of [bash, c, cpp, csharp, css, go, java, javascript, json, kotlin, markdown, markup, php, python, ruby, rust, sql, swift, toml, tsx, typescript, yaml]) {
  refractor.register(grammar);
}

const BY_ENDING: Readonly<Record<string, string>> = {
  sh: "bash", bash: "bash", c: "c", h: "c", cc: "cpp", cpp: "cpp", hpp: "cpp", cs: "csharp", css: "css", go: "go", java: "java", js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "tsx", json: "json", kt: "kotlin", md: "markdown", html: "markup", xml: "markup", svg: "markup", vue: "markup", php: "php", py: "python", rb: "ruby", rs: "rust", sql: "sql", swift: "swift", toml: "toml", ts: "typescript", tsx: "tsx", yaml: "yaml", yml: "yaml",
};

/** The grammar for a file, by how its name ends. */
export function languageOf(path: string): string | undefined {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : BY_ENDING[ending];
}

/** As react-diff-view asks for it: it knows the shape of an older refractor, without a root around what was found. */
export const colours = { highlight: (code: string, language: string) => refractor.highlight(code, language).children };
