import { draggable, dropTargetForElements, monitorForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Link } from "@tanstack/react-router";
import { IconDots } from "@tabler/icons-react";
import { type FocusEvent, memo, type ReactNode, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { isTyping } from "~/app/shell/keys";
import { count, money, plural, words } from "~/parts/format";
import { RiskMark } from "~/parts/RiskMark";
import { StateMark } from "~/parts/StateMark";
import { type Arranged, type Card, COLUMNS, neighbour, type State } from "./cards";
import styles from "./Frame.module.css";
import type { Asked } from "./MoveDialog";
import { moveInto, movesOf } from "./moves";

/** Heights, in pixels; they stand in Frame.module.css too. */
const [HEAD, LANE, CARD] = [40, 40, 102];
/** Lines drawn beyond what is in sight. */
const BEYOND = 3;

interface Props {
  board: Arranged;
  /** Whether all cards are of one run, so that none has to say which. */
  single: boolean;
  mayMove: boolean;
  ask: (asked: Asked) => void;
}

interface Place {
  readonly state: State;
  readonly line: number;
}

/** The columns with their cards. Only the lines in sight are drawn. */
export function Frame({ board, single, mayMove, ask }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const { lines, columns, counts } = board;
  const lanes = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: useCallback((at: number) => (lines[at]?.kind === "lane" ? LANE : CARD), [lines]),
    getItemKey: useCallback(
      (at: number) => {
        const line = lines[at];
        return line ? (line.kind === "lane" ? `lane ${line.name}` : line.key) : at;
      },
      [lines],
    ),
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    overscan: BEYOND,
    useFlushSync: false,
  });
  const dragged = useDragged(ask);
  const drawn = lanes.getVirtualItems();
  const focus = useFocus(scroller, board, (line) => lanes.scrollToIndex(line));
  const height = lanes.getTotalSize();
  const template = COLUMNS.map((state) => (counts[state] > 0 ? "var(--filled)" : "var(--empty)")).join(" ");
  return (
    <div className={styles.scroller} ref={scroller} tabIndex={0} role="group" aria-label="Tickets by state" onFocus={focus.seen}>
      <div className={styles.board} style={{ gridTemplateColumns: template }} data-dragging={dragged ? true : undefined}>
        {COLUMNS.map((state) => (
          <div key={state} className={styles.head} style={{ height: HEAD }} data-empty={counts[state] === 0 || undefined}>
            <h2>
              <StateMark state={state} />
            </h2>
            <span className={styles.count}>
              {count(counts[state])}
              <span className="only-heard"> tickets</span>
            </span>
          </div>
        ))}
        {COLUMNS.map((state) => (
          <Column key={state} state={state} height={height} isEmpty={counts[state] === 0} dragged={dragged}>
            {drawn.map(({ index, start }) => {
              const card = columns[state][index];
              return card ? <CardItem key={card.key} card={card} top={start - HEAD} line={index} single={single} mayMove={mayMove} ask={ask} /> : null;
            })}
          </Column>
        ))}
        <div className={styles.lanes} style={{ top: HEAD }}>
          {drawn.map(({ index, start }) => {
            const line = lines[index];
            return line?.kind === "lane" ? (
              <h3 key={line.name} className={styles.lane} style={{ transform: `translateY(${start - HEAD}px)` }}>
                <span>
                  {line.name} <span className={styles.count}>{plural(line.count, "ticket")}</span>
                </span>
              </h3>
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

/** The card that is being dragged; where it is let go, the move is asked about. */
function useDragged(ask: (asked: Asked) => void): Card | undefined {
  const [dragged, setDragged] = useState<Card>();
  useEffect(
    () =>
      monitorForElements({
        canMonitor: ({ source }) => isCard(source.data),
        onDragStart: ({ source }) => setDragged(source.data["card"] as Card),
        onDrop: ({ source, location }) => {
          setDragged(undefined);
          const column = location.current.dropTargets[0]?.data["column"] as State | undefined;
          const card = source.data["card"] as Card;
          const move = column && moveInto(card, column);
          if (move) ask({ card, move });
        },
      }),
    [ask],
  );
  return dragged;
}

function isCard(data: Record<string | symbol, unknown>): boolean {
  return data["card"] !== undefined;
}

interface ColumnProps {
  state: State;
  height: number;
  isEmpty: boolean;
  dragged: Card | undefined;
  children: ReactNode;
}

function Column({ state, height, isEmpty, dragged, children }: ColumnProps) {
  const element = useRef<HTMLUListElement>(null);
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    if (!element.current) return undefined;
    return dropTargetForElements({
      element: element.current,
      canDrop: ({ source }) => isCard(source.data) && moveInto(source.data["card"] as Card, state) !== undefined,
      getData: () => ({ column: state }),
      onDragEnter: () => setOver(true),
      onDragLeave: () => setOver(false),
      onDrop: () => setOver(false),
    });
  }, [state]);
  const may = dragged && moveInto(dragged, state) !== undefined;
  return (
    <ul
      ref={element}
      className={styles.column}
      style={{ height }}
      aria-label={words(state)}
      data-empty={isEmpty || undefined}
      data-may={may || undefined}
      data-over={isOver || undefined}
      data-home={dragged?.ticket.state.state === state || undefined}
    >
      {children}
    </ul>
  );
}

interface CardProps {
  card: Card;
  top: number;
  line: number;
  single: boolean;
  mayMove: boolean;
  ask: (asked: Asked) => void;
}

const CardItem = memo(function CardItem({ card, top, line, single, mayMove, ask }: CardProps) {
  const { run, ticket, risk, name } = card;
  const element = useRef<HTMLLIElement>(null);
  const state = ticket.state.state;
  const can = mayMove && movesOf(state, run.state).length > 0;
  useEffect(() => {
    if (!element.current || !can) return undefined;
    return draggable({ element: element.current, getInitialData: () => ({ card }) });
  }, [card, can]);
  return (
    <li ref={element} className={styles.card} style={{ transform: `translateY(${top}px)` }} data-state={state} data-can={can || undefined}>
      <Link
        to="/runs/$run/tickets/$ticket"
        params={{ run: run.id, ticket: ticket.id }}
        preload={false}
        className={styles.title}
        title={ticket.title}
        draggable={false}
        data-place={`${state} ${line}`}
      >
        {ticket.title}
      </Link>
      <span className={styles.now}>{nowOf(card, single ? undefined : name)}</span>
      <span className={styles.facts}>
        <code>{ticket.id}</code>
        {risk ? <RiskMark risk={risk} /> : null}
        {ticket.spend.usd > 0 ? <span>{money(ticket.spend.usd)}</span> : null}
      </span>
      {can ? (
        <button type="button" className={styles.more} aria-label={`Move ${ticket.id}`} onClick={() => ask({ card, move: undefined })}>
          <IconDots size={16} aria-hidden />
        </button>
      ) : null}
    </li>
  );
});

/** What is to be known of it just now, in a line. */
function nowOf({ ticket }: Card, name: string | undefined): string {
  const { state } = ticket;
  if (state.state === "needs_person") return state.problem.detail;
  if (ticket.step) return `${ticket.agent ? `${ticket.agent}: ` : ""}${ticket.step}`;
  const tried = ticket.attempts > 1 ? `, ${plural(ticket.attempts, "attempt")}` : "";
  return `${ticket.requirements.join(", ")}${tried}${name ? `, ${name}` : ""}`;
}

/** J, K, H and L go from card to card, and M moves the one that has the focus. */
function useFocus(scroller: RefObject<HTMLDivElement | null>, board: Arranged, show: (line: number) => void) {
  const at = useRef<Place>(undefined);
  useEffect(() => {
    const go = (key: "up" | "down" | "left" | "right") => {
      const from = at.current && board.columns[at.current.state][at.current.line] ? at.current : undefined;
      const to = neighbour(board, from, key);
      if (!to) return;
      at.current = to;
      show(to.line);
      // What was out of sight is drawn first.
      const focus = (left: number) => {
        const link = scroller.current?.querySelector<HTMLElement>(`[data-place="${to.state} ${to.line}"]`);
        if (link) link.focus();
        else if (left > 0) requestAnimationFrame(() => focus(left - 1));
      };
      focus(20);
    };
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key === "j") go("down");
      if (event.key === "k") go("up");
      if (event.key === "h") go("left");
      if (event.key === "l") go("right");
      if (event.key === "m") document.activeElement?.closest("li")?.querySelector<HTMLElement>("button")?.click();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [scroller, board, show]);
  return {
    /** Remembers the card that somebody came to by other ways. */
    seen: (event: FocusEvent) => {
      const [state, line] = (event.target as HTMLElement).dataset["place"]?.split(" ") ?? [];
      if (state && line) at.current = { state: state as State, line: Number(line) };
    },
  };
}
