/** What the server says to a browser, as the service worker shows it. */
export interface Said {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** The question that it is about. */
  readonly interrupt?: string;
  /** Whether it may be answered by a tap. */
  readonly quick: boolean;
  /** Whether it was said before, and is to be heard again. */
  readonly again: boolean;
}

const NOTHING: Said = { id: "swarm", title: "swarm has something to say", body: "", quick: false, again: false };

/** Reads a message. What cannot be read is shown as one that says nothing: a browser wants something to be shown. */
export function read(text: string): Said {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return NOTHING;
  }
  if (typeof value !== "object" || value === null) return NOTHING;
  const said = value as Record<string, unknown>;
  const word = (name: string) => (typeof said[name] === "string" ? said[name] : "");
  const interrupt = /^int_\w{1,60}$/.test(word("interrupt")) ? word("interrupt") : undefined;
  return {
    id: word("id") || NOTHING.id,
    title: word("title") || NOTHING.title,
    body: word("body"),
    ...(interrupt === undefined ? {} : { interrupt }),
    quick: said.quick === true && interrupt !== undefined,
    again: word("kind") !== "approval.asked" && interrupt !== undefined,
  };
}
