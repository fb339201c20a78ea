import { Button } from "@mantine/core";
import { moment } from "~/parts/format";
import lists from "~/parts/Rows.module.css";

export interface Link {
  readonly address: string;
  readonly about: string;
  readonly until: string;
}

/** A link that was made: it is shown once, and whoever has it may use it. */
export function Made({ link, close }: { link: Link; close: () => void }) {
  return (
    <div className={lists.made} role="status">
      <p>
        <strong>{link.about}</strong> No mail is sent: hand them this address. It is shown once, and counts once, until {moment(link.until)}.
      </p>
      <code>{link.address}</code>
      <span className={lists.buttons}>
        <Button size="xs" onClick={() => void navigator.clipboard.writeText(link.address)}>
          Copy
        </Button>
        <Button size="xs" onClick={close}>
          I have it
        </Button>
      </span>
    </div>
  );
}
