import { Outlet } from "@tanstack/react-router";
import { Mark } from "~/parts/Brand";
import styles from "./Entry.module.css";

/** Around the pages before somebody is known. */
export function Frame() {
  return (
    <div className={styles.frame}>
      <header className={styles.brand}>
        <Mark size={26} />
        <span>swarm</span>
      </header>
      <main className={styles.card}>
        <Outlet />
      </main>
      <footer className={styles.foot}>Runs teams of agents on real work, and can prove what they did.</footer>
    </div>
  );
}
