import "uplot/dist/uPlot.min.css";
import "./Chart.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

export interface Series {
  readonly name: string;
  /** A colour of tokens.css. */
  readonly colour: string;
  /** One value for each moment; none where nothing was measured. */
  readonly values: readonly (number | null)[];
}

interface Props {
  /** What it shows, in words, for who does not see it. */
  label: string;
  /** The moments, in seconds since the epoch, the oldest first. */
  at: readonly number[];
  series: readonly Series[];
  /** A value in words. */
  shown: (value: number) => string;
  kind?: "line" | "bars";
  height?: number;
  /** The largest value that there can be, where there is one. */
  most?: number | undefined;
  /** Whether the values are bytes: the scale then goes by 1,024. */
  isBytes?: boolean;
  /** Only the line, for the row of a table. */
  bare?: boolean;
}

/** Figures over time. The same figures stand in words beside it, or in a table below it. */
export function Chart({ label, at, series, shown, kind = "line", height = 160, most, isBytes = false, bare = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const names = series.map(({ name, colour }) => `${name}=${colour}`).join();
  const last = useRef({ at, series, shown });
  last.current = { at, series, shown };

  useEffect(() => {
    const into = box.current;
    if (!into) return undefined;
    const { series } = last.current;
    const { paths } = uPlot;
    const drawn = kind === "bars" ? paths.bars?.({ size: [0.7, 40], radius: 0.12 }) : paths.linear?.();
    const axis: uPlot.Axis = { stroke: () => colour("--ink-2"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, font: "11px Plex, sans-serif" };
    const made = new uPlot(
      {
        width: into.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: !bare, drag: { setScale: false, x: false, y: false }, points: { show: kind === "line" } },
        padding: bare ? [2, 0, 2, 0] : [8, 8, 0, 0],
        scales: {
          x: { time: true, range: (_, low, high) => (kind === "bars" ? [low - DAY / 2, high + DAY / 2] : [low, high]) },
          y: { range: (_, __, high) => [0, most ?? Math.max(high * 1.15, 1)] },
        },
        axes: bare
          ? [{ show: false }, { show: false }]
          : [
              { ...axis, grid: { show: false }, space: 72, size: 30, values: (_, moments) => moments.map(kind === "bars" ? day : clock), ...(kind === "bars" ? { incrs: [1, 2, 7, 14, 30].map((days) => days * DAY) } : {}) },
              { ...axis, size: 64, space: 36, ...(isBytes ? { incrs: BINARY } : {}), values: (_, values) => values.map((value) => last.current.shown(value)) },
            ],
        series: [
          {},
          ...series.map(({ name, colour: of }) => ({
            label: name,
            stroke: () => colour(of),
            fill: () => `color-mix(in srgb, ${colour(of)} ${kind === "bars" ? 80 : 14}%, transparent)`,
            width: kind === "bars" ? 0 : 1.6,
            points: { show: false },
            ...(drawn ? { paths: drawn } : {}),
          })),
        ],
        hooks: { setCursor: [say] },
      },
      dataOf(last.current),
      into,
    );
    plot.current = made;
    const tip = into.nextElementSibling;
    function say(u: uPlot) {
      if (!(tip instanceof HTMLElement)) return;
      const index = u.cursor.idx;
      const { at, series, shown } = last.current;
      const moment = index == null ? undefined : at[index];
      tip.textContent =
        index == null || moment === undefined
          ? ""
          : `${kind === "bars" ? day(moment) : clock(moment)}: ${series.map(({ name, values }) => `${name} ${shown(values[index] ?? 0)}`).join(", ")}`;
    }
    const size = new ResizeObserver(() => made.setSize({ width: into.clientWidth, height }));
    size.observe(into);
    // What is drawn has the colours of the theme that it was drawn in.
    const look = new MutationObserver(() => made.redraw());
    look.observe(document.documentElement, { attributes: true, attributeFilter: ["data-mantine-color-scheme", "data-contrast"] });
    const again = () => made.redraw();
    const paper = matchMedia("print");
    paper.addEventListener("change", again);
    return () => {
      size.disconnect();
      look.disconnect();
      paper.removeEventListener("change", again);
      made.destroy();
      plot.current = undefined;
    };
  }, [names, kind, height, most, isBytes, bare]);

  useEffect(() => plot.current?.setData(dataOf({ at, series })), [at, series]);

  return (
    <figure className="chart" data-bare={bare || undefined}>
      <div ref={box} role="img" aria-label={label} style={{ height }} />
      {bare ? null : <figcaption aria-hidden />}
    </figure>
  );
}

const DAY = 86_400;
/** Steps of a scale of bytes: 1, 2, 5, 10 and so on of each unit. */
const BINARY = [1, 1_024, 1_024 ** 2, 1_024 ** 3].flatMap((unit) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((step) => step * unit));

function clock(moment: number): string {
  return new Date(moment * 1_000).toLocaleTimeString("en-GB");
}

function day(moment: number): string {
  return new Date(moment * 1_000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

function dataOf({ at, series }: Pick<Props, "at" | "series">): uPlot.AlignedData {
  return [[...at], ...series.map(({ values }) => [...values])];
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
