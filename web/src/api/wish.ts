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
  const lacks: Partial<Record<keyof Wish, string>> = missingOfProject(wish);
  if (wish.text.trim() === "") lacks.text = "Say what is to be built";
  return lacks;
}

/** What is missing of a project before it can be made known. */
export function missingOfProject({ project, repo }: Pick<Wish, "project" | "repo">): { project?: string; repo?: string } {
  return {
    ...(PROJECT.test(project) ? {} : { project: "Letters, digits, dots and dashes" }),
    ...(repo === undefined || repo.startsWith("/") ? {} : { repo: "A whole path, such as /home/you/src/app" }),
  };
}

/** What a project may be called by its folder: the last part of the path, as far as a name may have it. */
export function nameOf(repo: string): string {
  const last = repo.replace(/(\.git)?\/*$/, "").split("/").at(-1) ?? "";
  return last.replace(/[^a-z0-9._-]+/gi, "-").replace(/^[^a-z0-9]+/i, "").slice(0, 64);
}
