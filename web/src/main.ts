import "./app/mantine.css";
import "./app/tokens.css";
import "./app/base.css";
import "./app/font.css";

/** The longest that the app waits for the first paint, in milliseconds. */
const LONGEST = 500;

/**
 * What is in the page is painted first: the scripts would take the line and the processor from it. Then those that the page names are
 * asked for all at once, and none has to wait until another one was read.
 */
async function begin() {
  const scripts = document.querySelector<HTMLMetaElement>("meta[name=swarm-scripts]")?.content.split(" ") ?? [];
  for (const href of scripts) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = href;
    document.head.append(link);
  }
  // Each runs by itself, those first that others stand on, and in between the page may answer.
  for (const href of scripts) {
    await import(/* @vite-ignore */ href).catch(() => undefined);
    await new Promise((done) => setTimeout(done));
  }
  await import("./start");
}

const painted = new Promise<void>((done) => {
  new PerformanceObserver(() => done()).observe({ type: "paint", buffered: true });
  // What is not seen is not painted.
  setTimeout(done, document.hidden ? 0 : LONGEST);
});
void painted.then(begin);
