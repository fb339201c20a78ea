import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { me, may } from "~/api/session";
import tabs from "~/parts/Tabs.module.css";

/** The pages of the administration that somebody may see. */
export function Views() {
  const { data: who } = useQuery(me);
  const views = [
    ["/admin", "System and people", may(who, "users:read")],
    ["/admin/quotas", "Quotas", may(who, "work:read")],
    ["/admin/secrets", "Secrets", may(who, "secrets:read")],
    ["/admin/policies", "Policies", may(who, "audit:read")],
  ] as const;
  return (
    <nav className={tabs.tabs} aria-label="Views of the administration">
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
