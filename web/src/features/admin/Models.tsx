import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ModelList, ModelView } from "~/api/generated/api";
import { models, tryModel } from "~/api/models";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { length, plural } from "~/parts/format";
import { providerOf } from "~/parts/models";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Tried } from "~/parts/Tried";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { WaysToModel } from "~/parts/WaysToModel";
import { BREAKER, byProvider, calls, can, priceOf, rest, source, turn } from "./modelList";
import styles from "./Models.module.css";
import { Views } from "./Views";

/** How a model fares is in no event: while somebody looks, it is asked for this often, in milliseconds. */
const LOOK = 5_000;

/** Which models are called, how each fares, what it costs, and whether it answers. */
export function Models() {
  const { data: who } = useQuery(me);
  const mayRead = may(who, "work:read");
  const { data, error, refetch } = useQuery({ ...models, enabled: mayRead, refetchInterval: LOOK });
  if (who && !mayRead) {
    return (
      <Page title="Models">
        <Nothing title="This is for who may see the work">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  const rows = () =>
    (data?.items ?? []).map((model) => ({
      name: model.name,
      provider: providerOf(model.name),
      order: (data?.policy.indexOf(model.name) ?? -1) + 1 || null,
      breaker: model.breaker,
      replies: model.replies,
      running: model.running,
      waiting: model.waiting,
      at_once: model.at_once,
      resting_seconds: model.resting_seconds,
      tools: model.tools,
      json_schema: model.json_schema,
      context_tokens: model.context_tokens,
      usd_in: usd(model.price?.input),
      usd_out: usd(model.price?.output),
      usd_cached: usd(model.price?.cached),
      usd_cache_write: usd(model.price?.cache_write),
    }));
  return (
    <Page
      title="Models"
      about="Which models do the work, how each fares, and what it costs."
      actions={data && data.items.length > 0 ? <Export name="models" rows={rows} /> : null}
    >
      <Views />
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the models" lines={5} /> : null}
      {data?.items.length === 0 ? <None /> : null}
      {data && data.items.length > 0 ? <Known list={data} mayTry={may(who, "system:write")} /> : null}
    </Page>
  );
}

const usd = (micro: number | null | undefined) => (micro == null ? null : micro / 1e6);

function Known({ list, mayTry }: { list: ModelList; mayTry: boolean }) {
  return (
    <>
      {byProvider(list).map(({ name, label, models }) => (
        <Section key={name} title={label} aside={plural(models.length, "model")}>
          <ul className={`${lists.rows} ${styles.list}`} aria-label={label}>
            {models.map((model) => (
              <Model key={model.name} list={list} model={model} mayTry={mayTry} />
            ))}
          </ul>
        </Section>
      ))}
      <Section title="How they are called">
        <ul className={styles.notes}>
          {list.policy.length > 1 ? (
            <li>
              Where neither a run nor an agent names one, they are tried in this order:{" "}
              {list.policy.map((name, at) => (
                <span key={name}>
                  {at > 0 ? ", then " : ""}
                  <code>{name}</code>
                </span>
              ))}
              .
            </li>
          ) : null}
          <li>One try may take {length(list.deadline_seconds * 1_000)}. What fails is tried again, or asked of the next one.</li>
          <li>Prices that no provider reports itself are of {list.price_version}; yours stand in the configuration.</li>
          <li>These are the models of this process. A worker elsewhere calls those that it was started with.</li>
          <li>
            Which models there are is read when swarm starts: see <em>Models</em> in the book, and <code>models.providers</code> in the settings.
          </li>
        </ul>
      </Section>
    </>
  );
}

function Model({ list, model, mayTry }: { list: ModelList; model: ModelView; mayTry: boolean }) {
  const attempt = useMutation({ mutationFn: () => tryModel(model.name) });
  const { mark, word, means } = BREAKER[model.breaker];
  const words = [source(model), means, rest(model)].filter((one) => one !== "").join(" ");
  return (
    <li>
      <span>
        <span className={lists.title}>{model.name}</span>
        <StateMark state={mark} label={word} />
      </span>
      <span className={styles.facts}>
        <span className={lists.about}>
          <span>{turn(list, model)}</span>
          <span>{calls(model)}</span>
          <span>{priceOf(model)}</span>
        </span>
        <span className={lists.about}>
          {can(model).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </span>
        {words ? (
          <span className={styles.rests} data-breaker={model.breaker}>
            {words}
          </span>
        ) : null}
      </span>
      {mayTry ? (
        <Button size="xs" loading={attempt.isPending} aria-label={`${attempt.isIdle ? "Try it" : "Try again"}: ${model.name}`} title="It is asked one short thing, really: that costs a little, and counts against the quotas" onClick={() => attempt.mutate()}>
          {attempt.isIdle ? "Try it" : "Try again"}
        </Button>
      ) : null}
      {attempt.isSuccess || attempt.isError ? (
        <div className={styles.tried}>
          {attempt.isSuccess ? <Tried check={attempt.data} /> : null}
          {attempt.isError ? <Trouble problem={attempt.error} /> : null}
        </div>
      ) : null}
    </li>
  );
}

function None() {
  return (
    <Section title="No model is configured">
      <p className={styles.note}>
        Stop swarm where it runs, and start it again by one of these. Keys are not typed into a page: they stand in the environment of swarm, and nowhere else.
      </p>
      <div className={styles.ways}>
        <WaysToModel />
      </div>
      <p className={styles.note}>
        More than one provider, aliases and prices of your own are set in <code>swarm.toml</code>: see <em>Models</em> in the book.
      </p>
    </Section>
  );
}
