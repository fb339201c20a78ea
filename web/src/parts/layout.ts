import { graphlib, layout } from "@dagrejs/dagre";

export interface Box {
  readonly id: string;
  /** What it waits for, by id. */
  readonly after: readonly string[];
}

export const BOX = { width: 216, height: 68 } as const;

/** Where each box stands: from left to right in the order of the work. */
export function placed(boxes: readonly Box[]): Map<string, { x: number; y: number }> {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 64 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(boxes.map(({ id }) => id));
  for (const { id } of boxes) graph.setNode(id, { ...BOX });
  for (const { id, after } of boxes) for (const on of after) if (known.has(on)) graph.setEdge(on, id);
  layout(graph);
  return new Map(
    boxes.map(({ id }) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, { x: x - BOX.width / 2, y: y - BOX.height / 2 }];
    }),
  );
}
