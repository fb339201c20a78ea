import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Kbd.css";
import { Kbd, Modal } from "@mantine/core";
import { PLACES } from "../places";
import { isApple } from "./Nav";
import styles from "./Shortcuts.module.css";

type Row = readonly [keys: readonly string[], does: string];

const EVERYWHERE: readonly Row[] = [
  [[isApple ? "⌘" : "Ctrl", "K"], "Go to a page, or do something"],
  [["?"], "This list"],
  [["Esc"], "Close what is open"],
];

const LISTS: readonly Row[] = [
  [["J"], "The next one"],
  [["K"], "The one before"],
  [["Enter"], "Open it"],
];

const APPROVALS: readonly Row[] = [
  [["A"], "Approve"],
  [["R"], "Reject, with a reason"],
  [["E"], "Edit before it is approved"],
  [["X"], "Choose it, to answer several together"],
  [["Shift", "X"], "Choose all up to it"],
];

const BOARD: readonly Row[] = [
  [["H"], "The column to the left"],
  [["L"], "The column to the right"],
  [["M"], "Move the card"],
];

/** All keys, as pages take them. */
export function Shortcuts({ close }: { close: () => void }) {
  const go: Row[] = PLACES.map(({ key, label }) => [["G", key.toUpperCase()], label]);
  return (
    <Modal opened onClose={close} title="Keyboard shortcuts" size="lg">
      <div className={styles.groups}>
        <Group title="Everywhere" rows={EVERYWHERE} />
        <Group title="Go to" rows={go} />
        <Group title="Lists" rows={LISTS} />
        <Group title="Approvals" rows={APPROVALS} />
        <Group title="Board" rows={BOARD} />
      </div>
    </Modal>
  );
}

function Group({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={styles.rows}>
        {rows.map(([keys, does]) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
