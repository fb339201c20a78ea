import { useState } from "react";

const FORM = /swl_[0-9a-f]+/;

/** The link in what somebody pasted or opened: its text alone, or an address that ends in it. */
export function linkIn(text: string): string | undefined {
  return FORM.exec(text)?.[0];
}

/**
 * The link of the address that was opened. It stands behind the `#`, which browsers send nowhere, and is taken out of the
 * address bar at once, so that it is in no history and no screenshot.
 */
export function useOpenedLink(): string | undefined {
  const [link] = useState(() => linkIn(location.hash));
  useState(() => {
    if (link) history.replaceState(history.state, "", location.pathname);
  });
  return link;
}
