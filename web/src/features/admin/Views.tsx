import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { me, may } from "~/api/session";
import tabs from "~/parts/Tabs.module.css";

/** The pages of the administration that somebody may see. */
export function Views() {
  const { data: who } = useQuery(me);
  const nav = useRef<HTMLElement>(null);
  // On a phone there are more than are seen: the one that is shown is among them.
  useEffect(() => {
    const shown = nav.current?.querySelector("[aria-current]");
    if (!nav.current || !shown) return;
    const [all, one] = [nav.current.getBoundingClientRect(), shown.getBoundingClientRect()];
    nav.current.scrollLeft += one.left - all.left - (all.width - one.width) / 2;
  }, [who]);
  const views = [
    ["/admin", "System and people", may(who, "users:read")],
    ["/admin/agents", "Agents' files", may(who, "work:read")],
    ["/admin/models", "Models", may(who, "work:read")],
    ["/admin/quotas", "Quotas", may(who, "work:read")],
    ["/admin/secrets", "Secrets", may(who, "secrets:read")],
    ["/admin/policies", "Policies", may(who, "audit:read")],
    ["/admin/settings", "Settings of the program", may(who, "system:write")],
    ["/admin/plugins", "Plugins", may(who, "work:read")],
  ] as const;
  return (
    <nav ref={nav} className={tabs.tabs} aria-label="Views of the administration">
      {views.map(([to, label, isOffered]) =>
        isOffered ? (
          <Link key={to} to={to} className={tabs.tab} activeOptions={{ exact: true, includeSearch: false }}>
            {label}
          </Link>
        ) : null,
      )}
    </nav>
  );
}
