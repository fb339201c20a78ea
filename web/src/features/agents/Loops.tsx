import { useQuery } from "@tanstack/react-query";
import { alerts } from "~/api/fleet";
import { When } from "~/parts/When";
import styles from "./Agents.module.css";

/** The alerts that are about agents, while they go on. */
export function Loops() {
  const { data } = useQuery(alerts);
  const going = (data?.items ?? []).filter(({ kind, ended_at }) => !ended_at && (kind === "loop_detected" || kind === "model_errors" || kind === "queue_age"));
  return going.map((alert) => (
    <p key={alert.kind} className={styles.alert}>
      {alert.words}{" "}
      <span>
        since <When at={alert.raised_at} bare />
      </span>
    </p>
  ));
}
