import { lazy, Suspense, useState } from "react";
import { type AccountProps, Face } from "./Face";

const load = () => import("./AccountMenu");
const AccountMenu = lazy(() => load().then(({ AccountMenu }) => ({ default: AccountMenu })));

/** Who is signed in, how it looks for them, and the way out. The menu comes when somebody is about to open it. */
export function Account(props: AccountProps) {
  const [wanted, setWanted] = useState(false);
  const begin = () => void load().catch(() => undefined);
  const face = (
    <Face
      who={props.who}
      named={props.named ?? false}
      aria-haspopup="menu"
      aria-expanded={false}
      onPointerEnter={begin}
      onFocus={begin}
      onClick={() => setWanted(true)}
    />
  );
  return wanted ? (
    <Suspense fallback={face}>
      <AccountMenu {...props} />
    </Suspense>
  ) : (
    face
  );
}
