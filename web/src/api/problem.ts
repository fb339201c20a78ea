import type { ProblemDocument } from "./generated/api";

/** What went wrong, in the server's words or in those of the way to it. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string;
  readonly correlation: string | undefined;

  constructor(told: { status: number; code: string; detail: string; next: string; correlation?: string }) {
    super(told.detail);
    this.name = "Problem";
    this.status = told.status;
    this.code = told.code;
    this.next = told.next;
    this.correlation = told.correlation;
  }

  /** Whether the server was not reached at all: the page may be right, only old. */
  get isAway(): boolean {
    return this.status === 0;
  }
}

/** The problem of a response that is none of the good ones. */
export function fromResponse(status: number, body: unknown): Problem {
  const told = (typeof body === "object" && body !== null ? body : {}) as Partial<ProblemDocument>;
  return new Problem({
    status,
    code: told.code ?? `http.${status}`,
    detail: told.detail ?? `the server answered with status ${status}`,
    next: told.next ?? "try again; if it stays, look at the server's log",
    correlation: told.correlation,
  });
}

/** The problem of a request that had no response. */
export function fromFailure(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem({
    status: 0,
    code: "web.unreachable",
    detail: "the server cannot be reached",
    next: "look whether `swarm up` runs and this device is online; the page goes on by itself",
  });
}

/** The problem behind anything that was thrown. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem({
    status: -1,
    code: "web.fault",
    detail: thrown instanceof Error ? thrown.message : String(thrown),
    next: "reload the page; if it happens again, report it with what you did",
  });
}
