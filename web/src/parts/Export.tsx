import { lazy, Suspense, useState } from "react";
import { ExportButton, type ExportProps } from "./ExportButton";

const load = () => import("./ExportMenu");
const ExportMenu = lazy(() => load().then(({ ExportMenu }) => ({ default: ExportMenu })));

/** Hands out what a table shows, whole, as CSV or JSON. The menu comes when somebody is about to open it. */
export function Export(props: ExportProps) {
  const [wanted, setWanted] = useState(false);
  const begin = () => void load().catch(() => undefined);
  const button = <ExportButton aria-haspopup="menu" aria-expanded={false} onPointerEnter={begin} onFocus={begin} onClick={() => setWanted(true)} />;
  return wanted ? (
    <Suspense fallback={button}>
      <ExportMenu {...props} />
    </Suspense>
  ) : (
    button
  );
}
