import { Link } from "@tanstack/react-router";
import { Nothing } from "./Nothing";

/** A path that leads nowhere. */
export function Lost() {
  return (
    <main>
      <Nothing title="There is no such page">
        <p>
          The address may be mistyped. <Link to="/">Go to the start</Link>
        </p>
      </Nothing>
    </main>
  );
}
