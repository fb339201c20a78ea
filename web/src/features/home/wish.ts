/** What is to be built, and where. */
export interface Wish {
  readonly project: string;
  /** Of a project that is not there yet: the folder of its repository, on the server's machine. */
  readonly repo: string | undefined;
  readonly text: string;
}

/** The form of a project's name, as the server takes it. */
const PROJECT = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** What is missing of a wish before it can be sent. */
export function missing(wish: Wish): Partial<Record<keyof Wish, string>> {
  const lacks: Partial<Record<keyof Wish, string>> = {};
  if (!PROJECT.test(wish.project)) lacks.project = "Letters, digits, dots and dashes";
  if (wish.repo !== undefined && !wish.repo.startsWith("/")) lacks.repo = "A whole path, such as /home/you/src/app";
  if (wish.text.trim() === "") lacks.text = "Say what is to be built";
  return lacks;
}
