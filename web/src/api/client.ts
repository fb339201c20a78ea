import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./generated/api";
import { heard } from "./pace";
import { fromFailure, fromResponse, type Problem } from "./problem";
import { renewed } from "./renewal";

/** Routes where a 401 is an answer and not the end of a session. */
const BEFORE_SIGN_IN = /^\/api\/auth\/(login(\/second|\/passkey(\/begin)?)?|register|refresh|verify|reset|forgot)$/;

/** The longest that a page waits by itself where it asked too often, in seconds. */
const LONGEST_WAIT = 10;
/** How often it does. */
const WAITS = 5;

const kept = new WeakMap<Request, Request>();

/** How long to wait before the same is read again, in milliseconds; none where it is not to be. */
function patience({ method }: Request, response: Response): number | undefined {
  if (response.status !== 429 || method !== "GET") return undefined;
  const seconds = Number(response.headers.get("retry-after"));
  return seconds > 0 && seconds <= LONGEST_WAIT ? seconds * 1000 : undefined;
}

/** Reads again what was refused for having been asked too often. What waits together does not come again together. */
async function waited(request: Request, refused: Response): Promise<Response> {
  let response = refused;
  for (let waits = 0; waits < WAITS; waits += 1) {
    const wait = patience(request, response);
    if (wait === undefined) break;
    await new Promise((done) => setTimeout(done, wait * (1 + waits + Math.random())));
    response = await fetch(request.clone());
    heard(response.headers);
  }
  return response;
}

/** Renews the session where the access token ran out, and asks again, once; and waits where it asked too often. */
const renewing: Middleware = {
  onRequest({ request }) {
    kept.set(request, request.clone());
  },
  async onResponse({ request, response }) {
    const again = kept.get(request);
    kept.delete(request);
    heard(response.headers);
    if (again !== undefined && patience(request, response) !== undefined) return waited(again, response);
    const isOurs = !BEFORE_SIGN_IN.test(new URL(request.url).pathname);
    if (response.status !== 401 || !isOurs || again === undefined) return undefined;
    try {
      return (await renewed()) ? await fetch(again) : undefined;
    } catch (thrown) {
      throw fromFailure(thrown);
    }
  },
  onError({ error }) {
    return fromFailure(error);
  },
};

/** The typed client of the API. Cookies say who asks. */
export const client = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
client.use(renewing);

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What was answered, or throws the {@link Problem}. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const answer = await asked;
  if (!answer.response.ok) throw fromResponse(answer.response.status, answer.error);
  return answer.data as NonNullable<T>;
}

/** Has a file of the server's downloaded. It is asked for by the browser itself, so the session is renewed before. */
export async function download(path: string, name: string): Promise<void> {
  await take(client.GET("/api/auth/me"));
  const link = document.createElement("a");
  link.href = path;
  link.download = name;
  link.click();
}

/** Waits for an answer without content, or throws the {@link Problem}. */
export async function done(asked: Promise<Answer<unknown>>): Promise<void> {
  const answer = await asked;
  if (!answer.response.ok) throw fromResponse(answer.response.status, answer.error);
}

export type { Problem };
