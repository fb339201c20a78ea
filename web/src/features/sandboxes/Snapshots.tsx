import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { client, take } from "~/api/client";
import type { VmSnapshot } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { bytes, short } from "~/parts/format";
import { Section } from "~/parts/Page";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { snapshots } from "./queries";
import styles from "./Sandboxes.module.css";

/** Sandboxes as they were at a moment, from each of which another one can be made. */
export function Snapshots() {
  const { data, error, isPending, refetch } = useQuery(snapshots);
  const items = [...(data?.items ?? [])].reverse();
  const rows = () =>
    items.map(({ id, vm, run, attempt, rung, memory, bytes, position, at }) => ({ id, vm, run, attempt, rung, memory, bytes, position, at }));
  return (
    <Section title="Snapshots" aside={items.length > 0 ? <Export name="snapshots" rows={rows} /> : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {isPending ? <Waiting what="Loading the snapshots" lines={2} /> : null}
      {data && items.length === 0 ? <p className={styles.note}>None. A sandbox can be written down as it is, between two of its commands.</p> : null}
      {items.length > 0 ? (
        <Table
          label="Snapshots"
          columns={[{ name: "Snapshot" }, { name: "Of" }, { name: "What is in it" }, { name: "Size", figure: true }, { name: "At event", figure: true }, { name: "Taken" }, { name: "What can be done", unseen: true }]}
        >
          {items.map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </Table>
      ) : null}
    </Section>
  );
}

function Item({ item }: { item: VmSnapshot }) {
  const { data: who } = useQuery(me);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const fork = useMutation({
    mutationFn: async () => take(client.POST("/api/vms/{vm}/fork", { params: { path: { vm: item.id } }, body: {} })),
    onSuccess: ({ id }) => navigate({ to: "/sandboxes/$vm", params: { vm: id } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["vms", "all"] }),
  });
  return (
    <tr>
      <td>
        <code title={item.id}>{short(item.id)}</code>
      </td>
      <td>
        {item.run ? (
          <Link to="/runs/$run" params={{ run: item.run }} search={{ view: "timeline" }}>
            {item.attempt ?? short(item.run)}
          </Link>
        ) : (
          <code title={item.vm}>{short(item.vm)}</code>
        )}
      </td>
      <td>{item.memory ? "files and memory" : "files"}, {item.rung}</td>
      <td data-figure>{bytes(item.bytes)}</td>
      <td data-figure>{item.position}</td>
      <td>
        <When at={item.at} />
      </td>
      <td data-figure>
        {may(who, "runs:write") ? (
          <Button size="xs" loading={fork.isPending} aria-label={`Fork ${short(item.id)}`} onClick={() => fork.mutate()}>
            Fork
          </Button>
        ) : null}
        {fork.isError ? <Trouble problem={fork.error} /> : null}
      </td>
    </tr>
  );
}
