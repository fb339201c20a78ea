// Writes the types of the API and of live frames from the documents that the server's own types are written to. They are
// made at each build and not kept, so they cannot differ from the documents.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../../", import.meta.url);
const out = new URL("../src/api/generated/", import.meta.url);
const header = "// Written by scripts/types.mjs. Not kept: change the server's types instead.\n";

await mkdir(out, { recursive: true });
const api = await openapiTS(new URL("crates/client/openapi.json", root), { rootTypes: true, rootTypesNoSchemaPrefix: true });
await writeFile(new URL("api.d.ts", out), header + astToString(api));

const schema = JSON.parse(await readFile(new URL("schemas/ws_messages.schema.json", root), "utf8"));
const live = await compile(schema, "LiveMessage", {
  bannerComment: header.trim(),
  additionalProperties: false,
  unreachableDefinitions: true,
  format: false,
});
await writeFile(new URL("live.d.ts", out), live);
