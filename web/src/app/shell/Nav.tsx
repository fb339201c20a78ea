import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  IconBox,
  IconChartBar,
  IconChecklist,
  IconHexagons,
  IconHome,
  IconInbox,
  IconLayoutKanban,
  IconListSearch,
  IconPencil,
  IconPlayerPlay,
  IconRobot,
  IconSearch,
  IconSettings,
  IconUsers,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Me } from "~/api/generated/api";
import { may } from "~/api/session";
import { waiting } from "~/api/approvals";
import { PLACES, type Place } from "../places";
import styles from "./Nav.module.css";
import type { Overlay } from "./Shell";

const ICONS: Record<Place["to"], ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>> = {
  "/": IconHome,
  "/approvals": IconInbox,
  "/runs": IconPlayerPlay,
  "/design": IconPencil,
  "/board": IconLayoutKanban,
  "/requirements": IconChecklist,
  "/agents": IconRobot,
  "/sandboxes": IconBox,
  "/usage": IconChartBar,
  "/audit": IconListSearch,
  "/admin": IconUsers,
  "/settings": IconSettings,
};

interface Props {
  who: Me | undefined;
  open: (overlay: Overlay) => void;
}

/** The places that somebody may go to. */
export function placesOf(who: Me | undefined): Place[] {
  return PLACES.filter(({ scope }) => scope === undefined || may(who, scope));
}

/** How many questions wait, which is the one number that everybody should see. */
function useWaiting(): number {
  const { data } = useQuery(waiting);
  return data?.items.length ?? 0;
}

export function Nav({ who, open }: Props) {
  const count = useWaiting();
  return (
    <nav aria-label="Pages" className={styles.nav}>
      <button type="button" className={styles.search} onClick={() => open("palette")}>
        <IconSearch size={15} stroke={1.9} aria-hidden />
        <span>Go to…</span>
        <kbd>{isApple ? "⌘" : "Ctrl"} K</kbd>
      </button>
      <ul>
        {placesOf(who).map((place) => (
          <li key={place.to}>
            <Entry place={place} count={place.to === "/approvals" ? count : 0} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Entry({ place, count }: { place: Place; count: number }) {
  const Icon = ICONS[place.to];
  return (
    <Link to={place.to} className={styles.entry} activeOptions={{ exact: place.to === "/", includeSearch: false }}>
      <Icon size={18} stroke={1.7} aria-hidden />
      <span>{place.label}</span>
      {count > 0 ? (
        <span className={styles.count}>
          {count > 99 ? "99+" : count}
          <span className="only-heard"> waiting</span>
        </span>
      ) : null}
    </Link>
  );
}

/** On a phone: what is wanted most, within reach of a thumb. */
export function BottomNav({ who, open }: Props) {
  const count = useWaiting();
  return (
    <nav aria-label="Pages" className={styles.bottom}>
      {placesOf(who)
        .slice(0, 3)
        .map((place) => (
          <Entry key={place.to} place={place} count={place.to === "/approvals" ? count : 0} />
        ))}
      <button type="button" className={styles.entry} onClick={() => open("palette")}>
        <IconHexagons size={18} stroke={1.7} aria-hidden />
        <span>More</span>
      </button>
    </nav>
  );
}

export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
