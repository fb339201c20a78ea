import { Autocomplete, TextInput } from "@mantine/core";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/ScrollArea.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { client, done } from "~/api/client";
import { useDraft } from "~/api/drafts";
import { Problem } from "~/api/problem";
import { me, may } from "~/api/session";
import { NEW, saidOf, type Words } from "~/api/words";
import { projects, specs } from "~/api/work";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Design.module.css";
import { Editor } from "./Editor";
import { newest } from "./versions";

const Writer = lazy(() => import("./Writer").then(({ Writer }) => ({ default: Writer })));

/** Every spec, and where a new one is written. */
export function Design() {
  const { data: who } = useQuery(me);
  const all = useQuery(specs);
  const lines = newest(all.data?.items ?? []);
  const rows = () => lines.map(({ spec, versions }) => ({ id: spec.id, title: spec.title, project: spec.project, versions, requirements: spec.requirements, added_at: spec.added_at }));
  return (
    <Page wide title="Design" about="From a text to what was understood of it, and to a plan" actions={lines.length > 0 ? <Export name="specs" rows={rows} /> : null}>
      <div className={styles.split}>
        <div className={styles.right}>
          <Section title="Specs" aside={lines.length > 0 ? plural(lines.length, "spec") : null}>
            {all.isPending ? <Waiting what="Loading the specs" lines={5} /> : null}
            {all.error && !all.data ? <Trouble problem={all.error} again={() => void all.refetch()} /> : null}
            {all.data && lines.length === 0 ? (
              <Nothing title="There is no spec yet">
                <p>Write one: a heading for each thing that must hold, and an example that shows it.</p>
              </Nothing>
            ) : null}
            <ul className={styles.specs}>
              {lines.map(({ spec, versions }) => (
                <li key={spec.id}>
                  <Link to="/design/$spec" params={{ spec: spec.id }} search={{}} className={styles.spec}>
                    <span className={styles.name}>{spec.title}</span>
                    <span className={styles.facts}>
                      <span>{spec.project}</span>
                      <span>{plural(spec.requirements, "requirement")}</span>
                      <span>{plural(versions, "version")}</span>
                      <span>
                        read <When at={spec.added_at} />
                      </span>
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          </Section>
        </div>
        {may(who, "specs:write") ? <New /> : null}
      </div>
    </Page>
  );
}

/** A spec that nobody has read yet. */
function New() {
  const navigate = useNavigate();
  const { data: who } = useQuery(me);
  const { data: known } = useQuery(projects);
  const items = known?.items ?? [];
  const only = items.length === 1 ? items[0]?.id : undefined;
  const [said, setSaid] = useDraft<Words>(saidOf(NEW));
  const [typed, setTyped] = useState<string>();
  const [repo, setRepo] = useState("");
  const project = (typed ?? said?.value.project ?? only ?? "").trim();
  const isNew = known !== undefined && project !== "" && items.every(({ id }) => id !== project);
  const before = async () => {
    const missing = project === "" ? "no project is named" : isNew && !repo.startsWith("/") ? "the project is new, and its repository is not named" : undefined;
    if (missing) throw new Problem({ status: -1, code: "web.missing", detail: missing, next: "fill it in beside the text" });
    if (isNew) await done(client.POST("/api/projects", { body: { project, repo } }));
  };
  return (
    <section className={styles.begin} aria-label="A new spec">
      <div className={styles.where}>
        <Autocomplete
          label="Project"
          description="A known one, or a new name"
          data={items.map(({ id }) => id)}
          value={typed ?? said?.value.project ?? only ?? ""}
          onChange={setTyped}
          comboboxProps={{ withinPortal: true }}
        />
        {isNew && may(who, "projects:write") ? (
          <TextInput
            label="Its repository"
            description="A folder on the server's machine"
            placeholder="/home/you/src/app"
            value={repo}
            spellCheck={false}
            onChange={(event) => setRepo(event.currentTarget.value)}
          />
        ) : null}
      </div>
      <Suspense fallback={<Waiting lines={3} />}>
        <Writer name={NEW} source="" project={project} before={before} />
      </Suspense>
      <Editor
        name={NEW}
        source=""
        project={project}
        save="Read it"
        before={before}
        saved={({ id }) => {
          setSaid(undefined);
          void navigate({ to: "/design/$spec", params: { spec: id }, search: {} });
        }}
      />
    </section>
  );
}
