import "@xyflow/react/dist/base.css";
import "./TicketGraph.css";
import { Background, Controls, Handle, type Edge, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { Ticket as Planned, TicketState } from "~/api/generated/api";
import { BOX, placed } from "./layout";
import { StateMark } from "./StateMark";

/** What stands in the box of a ticket. */
export interface Shown {
  readonly state: TicketState["state"];
  /** Beside its id, such as what it cost. */
  readonly about?: string;
  /** In place of the state's own word. */
  readonly label?: string;
}

type TicketNode = Node<{ title: string; state: TicketState["state"]; label: string | undefined; about: string }, "ticket">;

const TYPES = { ticket: Ticket };

interface Props {
  tickets: readonly Planned[];
  shown: (ticket: string) => Shown;
  /** Where a ticket leads to, if anywhere. */
  open?: (ticket: string) => void;
}

/** Tickets and what waits for what, from left to right. */
export function TicketGraph({ tickets, shown, open }: Props) {
  const places = useMemo(() => placed(tickets.map(({ id, depends_on }) => ({ id, after: depends_on.map(({ on }) => on) }))), [tickets]);
  const nodes: TicketNode[] = tickets.map(({ id, title }) => {
    const { state, about, label } = shown(id);
    return {
      id,
      type: "ticket",
      position: places.get(id) ?? { x: 0, y: 0 },
      data: { title, state, label, about: about === undefined ? id : `${id}  ${about}` },
      ariaLabel: `${id}, ${title}, ${label ?? state}`,
      ...BOX,
    };
  });
  const edges: Edge[] = tickets.flatMap(({ id, depends_on }) =>
    depends_on.map(({ on, kind }) => ({
      id: `${on}-${id}`,
      source: on,
      target: id,
      className: kind === "same-file" ? "graph-same-file" : "",
      ariaLabel: `${id} waits for ${on}`,
      animated: shown(on).state === "working",
    })),
  );
  return (
    <div className="graph" data-opens={open ? true : undefined}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodeClick={(_, node) => open?.(node.id)}
        onKeyDown={(event) => {
          const id = (event.target as HTMLElement).dataset["id"];
          if (event.key === "Enter" && id) open?.(id);
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
        <StateMark state={data.state} {...(data.label === undefined ? {} : { label: data.label })} />
        <code>{data.about}</code>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}
