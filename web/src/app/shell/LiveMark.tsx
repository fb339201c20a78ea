import { keptAt } from "~/api/kept";
import { type Link, type Standing } from "~/live/link";
import { useStanding } from "~/live/store";
import { age, ago } from "~/parts/format";
import { reload } from "~/offline/update";
import styles from "./LiveMark.module.css";

const WORD: Record<Standing, string> = {
  live: "Live",
  reconnecting: "Reconnecting",
  stale: "Stale",
  signed_out: "Signed out",
  outdated: "Outdated",
};

/** Whether what is on the screen is true now, and how old the last event is. */
export function LiveMark() {
  const { standing, link, now } = useStanding();
  const event = link.eventAt === undefined ? "nothing new yet" : `last event ${age(now - link.eventAt)}${now - link.eventAt < 5_000 ? "" : " ago"}`;
  return (
    <div className={styles.mark} data-standing={standing} title={explained(standing, link)}>
      <span className={styles.dot} aria-hidden />
      <span className={styles.words}>
        <span role="status" className={styles.word}>
          {WORD[standing]}
        </span>
        <span className={styles.age}>{event}</span>
      </span>
    </div>
  );
}

function explained(standing: Standing, link: Link): string {
  switch (standing) {
    case "live":
      return link.transport === "sse" ? "Events come as they happen, over HTTP" : "Events come as they happen";
    case "reconnecting":
      return "The connection was cut a moment ago and comes back by itself";
    case "stale":
      return link.phase === "open" ? "The server itself hears of no new events" : "No connection: what is shown may be old";
    case "signed_out":
      return "The session has ended";
    case "outdated":
      return "The server speaks a newer language than this page";
  }
}

/** What everybody must see: that the page does not show what is true now. */
export function Notice() {
  const { standing, link, now } = useStanding();
  const kept = keptAt();
  if (kept !== undefined && link.phase !== "open") {
    return (
      <div className={styles.notice}>
        <strong role="alert">This is old.</strong> There is no connection to the server: this device shows what it kept {ago(now - kept)}. It goes on by
        itself.
      </div>
    );
  }
  if (standing === "live" || standing === "reconnecting") return null;
  if (standing === "outdated") {
    return (
      <div className={styles.notice} role="alert">
        swarm was updated. <button onClick={() => void reload()}>Reload the page</button>
      </div>
    );
  }
  if (standing === "signed_out") return null;
  const since = link.phase === "open" ? link.heardAt : link.cutAt;
  return (
    <div className={styles.notice}>
      {/* Said once; what counts on is only seen. */}
      <strong role="alert">This may be old.</strong>{" "}
      {link.phase === "open" ? "The server hears of nothing new" : "There is no connection to the server"}
      {since === undefined ? "" : ` since ${age(Math.max(now - since, 5_000))}`}. It goes on by itself.
    </div>
  );
}
