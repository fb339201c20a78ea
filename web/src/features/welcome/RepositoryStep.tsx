import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { makeProject } from "~/api/begin";
import { me, may } from "~/api/session";
import { missingOfProject, nameOf } from "~/api/wish";
import { projects } from "~/api/work";
import { CommandLine } from "~/parts/CommandLine";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Welcome.module.css";

const EMPTY = "git init --initial-branch=main ~/textstat";

/** Which repositories swarm works in, and one more. */
export function RepositoryStep() {
  const { data: who } = useQuery(me);
  const { data, error, refetch } = useQuery(projects);
  return (
    <>
      <p className={styles.lead}>A project is a git repository with a name. Agents work in copies of it, on branches of their own; yours stay as they are.</p>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the projects" lines={2} /> : null}
      {data && data.items.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`} aria-label="Projects">
          {data.items.map(({ id, repo, added_at }) => (
            <li key={id}>
              <span>
                <span className={lists.title}>{id}</span>
                <span className={lists.about}>
                  <code>{repo}</code>
                </span>
              </span>
              <span className={lists.about}>
                <When at={added_at} />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {data && may(who, "projects:write") ? <Add isFirst={data.items.length === 0} /> : null}
      {who && !may(who, "projects:write") ? <p className={styles.note}>Who may change the work adds projects.</p> : null}
    </>
  );
}

function Add({ isFirst }: { isFirst: boolean }) {
  const queries = useQueryClient();
  const [repo, setRepo] = useState("");
  const [name, setName] = useState<string>();
  const [tried, setTried] = useState(false);
  const wish = { repo: repo.trim(), project: (name ?? nameOf(repo.trim())).trim() };
  const lacks = tried ? missingOfProject(wish) : {};
  const add = useMutation({
    mutationFn: () => makeProject(wish).then(() => wish.project),
    onSuccess: () => {
      setRepo("");
      setName(undefined);
      setTried(false);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });
  const submit = () => {
    setTried(true);
    if (Object.keys(missingOfProject(wish)).length === 0 && !add.isPending) add.mutate();
  };
  return (
    <>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextInput
          label="Folder of the repository"
          description="A whole path on the server's machine"
          placeholder="/home/you/src/app"
          value={repo}
          error={lacks.repo}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          onChange={(event) => setRepo(event.currentTarget.value)}
        />
        <TextInput
          label="Name"
          description="How the project is called"
          value={name ?? wish.project}
          error={lacks.project}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {add.isError ? <Trouble problem={add.error} /> : null}
        <Button type="submit" variant={isFirst ? "filled" : "default"} loading={add.isPending}>
          {isFirst ? "Add the repository" : "Add another"}
        </Button>
        {add.isSuccess ? (
          <p className={lists.good} role="status">
            {add.data} is known.
          </p>
        ) : null}
      </form>
      <details className={styles.more}>
        <summary>There is none yet</summary>
        <p className={styles.note}>Make an empty one where swarm runs, as the user that it runs as. The example begins from nothing.</p>
        <CommandLine label="what makes an empty repository" text={EMPTY} />
      </details>
    </>
  );
}
