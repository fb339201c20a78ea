import "@xyflow/react/dist/base.css";
import "./Graph.css";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Background, Controls, Handle, type Edge, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { Run, TicketState } from "~/api/generated/api";
import { plan, tickets } from "~/api/work";
import { money } from "~/parts/format";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { BOX, placed } from "./layout";

type TicketNode = Node<{ title: string; state: TicketState["state"]; about: string }, "ticket">;

const TYPES = { ticket: Ticket };

/** The tickets and what waits for what, as they stand now. */
export function Graph({ run }: { run: Run }) {
  const planned = useQuery(plan(run.plan));
  const now = useQuery(tickets(run.id));
  const navigate = useNavigate();
  const of = planned.data?.plan?.tickets;
  const places = useMemo(() => placed((of ?? []).map(({ id, depends_on }) => ({ id, after: depends_on.map(({ on }) => on) }))), [of]);
  const error = planned.error ?? now.error;
  if (!of || !now.data) {
    return error ? <Trouble problem={error} again={() => void Promise.all([planned.refetch(), now.refetch()])} /> : <Waiting what="Loading the graph" lines={6} />;
  }
  const states = new Map(now.data.items.map((item) => [item.id, item]));
  const nodes: TicketNode[] = of.map(({ id, title }) => {
    const item = states.get(id);
    const state = item?.state.state ?? "waiting";
    return {
      id,
      type: "ticket",
      position: places.get(id) ?? { x: 0, y: 0 },
      data: { title, state, about: item ? `${id}  ${money(item.spend.usd)}` : id },
      ariaLabel: `${id}, ${title}, ${state}`,
      ...BOX,
    };
  });
  const edges: Edge[] = of.flatMap(({ id, depends_on }) =>
    depends_on.map(({ on, kind }) => ({
      id: `${on}-${id}`,
      source: on,
      target: id,
      className: kind === "same-file" ? "graph-same-file" : "",
      ariaLabel: `${id} waits for ${on}`,
      animated: states.get(on)?.state.state === "working",
    })),
  );
  return (
    <div className="graph">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodeClick={(_, node) => void navigate({ to: "/runs/$run/tickets/$ticket", params: { run: run.id, ticket: node.id } })}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).dataset["id"];
          if (event.key === "Enter" && id) void navigate({ to: "/runs/$run/tickets/$ticket", params: { run: run.id, ticket: id } });
        }}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
        minZoom={0.15}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function Ticket({ data }: NodeProps<TicketNode>) {
  return (
    <div className="graph-ticket" data-state={data.state}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="graph-title">{data.title}</span>
      <span className="graph-about">
        <StateMark state={data.state} />
        <code>{data.about}</code>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}
