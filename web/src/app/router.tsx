import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { FetchQueryOptions, QueryClient } from "@tanstack/react-query";
import { waiting } from "~/api/approvals";
import { queryClient } from "~/api/cache";
import { forget, restore } from "~/api/kept";
import { told } from "~/api/notifications";
import { problemOf } from "~/api/problem";
import { providers } from "~/api/providers";
import { may, me, remember, wasSignedIn } from "~/api/session";
import { projects, runs, specs } from "~/api/work";
import { agentsLookOf, settingsLookOf } from "~/features/admin/look";
import { questionOf } from "~/features/admin/question";
import { filterOf } from "~/features/audit/filter";
import { filterOf as boardFilterOf } from "~/features/board/filter";
import { lookOf as designOf } from "~/features/design/look";
import { alerts, fleet } from "~/features/home/queries";
import { lookOf, ticketOf } from "~/features/runs/look";
import { wantedOf } from "~/features/requirements/wanted";
import { shownOf } from "~/features/usage/shown";
import { Fault } from "~/parts/Fault";
import { stepOf } from "~/parts/wayIn";
import { Lost } from "~/parts/Lost";
import { Waiting } from "~/parts/Waiting";

interface Context {
  queries: QueryClient;
}

/** Asks the server for what a page will want, as soon as its address is known. Nobody waits for it, and what is known is not asked again. */
function asks({ queries }: Context, ...wanted: readonly { queryKey: readonly unknown[] }[]) {
  for (const one of wanted) {
    if (queries.getQueryState(one.queryKey) === undefined) void queries.prefetchQuery(one as FetchQueryOptions);
  }
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: Lost });

const entry = createRoute({
  getParentRoute: () => root,
  id: "entry",
  component: lazyRouteComponent(() => import("~/features/entry/Frame"), "Frame"),
});

/** Where somebody wanted to go before they were asked who they are; a path of ours and nothing else. */
function wanted(search: Record<string, unknown>): { to?: string } {
  const { to } = search;
  return typeof to === "string" && /^\/(?![/\\])/.test(to) ? { to } : {};
}

const signIn = createRoute({
  getParentRoute: () => entry,
  path: "/sign-in",
  validateSearch: wanted,
  loader: ({ context }) => asks(context, providers),
  component: lazyRouteComponent(() => import("~/features/entry/SignIn"), "SignIn"),
});

const firstStart = createRoute({
  getParentRoute: () => entry,
  path: "/first-start",
  component: lazyRouteComponent(() => import("~/features/entry/Join"), "FirstStart"),
});

const join = createRoute({
  getParentRoute: () => entry,
  path: "/join",
  component: lazyRouteComponent(() => import("~/features/entry/Join"), "AcceptInvitation"),
});

const reset = createRoute({
  getParentRoute: () => entry,
  path: "/reset",
  component: lazyRouteComponent(() => import("~/features/entry/Reset"), "Reset"),
});

const verify = createRoute({
  getParentRoute: () => entry,
  path: "/verify",
  component: lazyRouteComponent(() => import("~/features/entry/Verify"), "Verify"),
});

/** All that is behind the sign-in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const to = location.href === "/" ? {} : { to: location.href };
    if (!wasSignedIn()) throw redirect({ to: "/sign-in", search: to });
    try {
      await context.queries.ensureQueryData(me);
    } catch (thrown) {
      const { status, isAway } = problemOf(thrown);
      // Without a server, what was last known is shown, and said to be old.
      if (isAway && (await restore(context.queries))) return;
      if (status !== 401) throw thrown;
      remember(false);
      throw redirect({ to: "/sign-in", search: to });
    }
  },
  loader: ({ context }) => asks(context, waiting, ...(may(context.queries.getQueryData(me.queryKey), "work:read") ? [told(false)] : [])),
  component: lazyRouteComponent(() => import("./shell/Shell"), "Shell"),
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  loader: ({ context }) => asks(context, runs, projects, alerts, fleet),
  component: lazyRouteComponent(() => import("~/features/home/Home"), "Home"),
});

const welcome = createRoute({
  getParentRoute: () => inside,
  path: "/welcome",
  validateSearch: stepOf,
  component: lazyRouteComponent(() => import("~/features/welcome/Welcome"), "Welcome"),
});

const approvals = createRoute({
  getParentRoute: () => inside,
  path: "/approvals",
  validateSearch: (search: Record<string, unknown>): { show?: "decided" } => (search.show === "decided" ? { show: "decided" } : {}),
  component: lazyRouteComponent(() => import("~/features/approvals/Approvals"), "Approvals"),
});

const approval = createRoute({
  getParentRoute: () => approvals,
  path: "$interrupt",
  component: lazyRouteComponent(() => import("~/features/approvals/Approval"), "Approval"),
});

const plan = createRoute({
  getParentRoute: () => inside,
  path: "/plans/$plan",
  component: lazyRouteComponent(() => import("~/features/plans/PlanPage"), "PlanPage"),
});

const design = createRoute({
  getParentRoute: () => inside,
  path: "/design",
  component: lazyRouteComponent(() => import("~/features/design/Design"), "Design"),
});

const designSession = createRoute({
  getParentRoute: () => inside,
  path: "/design/$spec",
  validateSearch: designOf,
  component: lazyRouteComponent(() => import("~/features/design/Session"), "Session"),
});

const runList = createRoute({
  getParentRoute: () => inside,
  path: "/runs",
  component: lazyRouteComponent(() => import("~/features/runs/Runs"), "Runs"),
});

const runPage = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$run",
  validateSearch: lookOf,
  component: lazyRouteComponent(() => import("~/features/runs/RunPage"), "RunPage"),
});

const ticketPage = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$run/tickets/$ticket",
  component: lazyRouteComponent(() => import("~/features/runs/TicketPage"), "TicketPage"),
});

const review = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$run/review",
  validateSearch: ticketOf,
  component: lazyRouteComponent(() => import("~/features/runs/Review"), "Review"),
});

const compare = createRoute({
  getParentRoute: () => inside,
  path: "/runs/$run/compare/$other",
  component: lazyRouteComponent(() => import("~/features/runs/Compare"), "Compare"),
});

const board = createRoute({
  getParentRoute: () => inside,
  path: "/board",
  validateSearch: boardFilterOf,
  loader: ({ context }) => asks(context, runs, specs),
  component: lazyRouteComponent(() => import("~/features/board/Board"), "Board"),
});

const requirements = createRoute({
  getParentRoute: () => inside,
  path: "/requirements",
  validateSearch: wantedOf,
  component: lazyRouteComponent(() => import("~/features/requirements/Requirements"), "Requirements"),
});

const agents = createRoute({
  getParentRoute: () => inside,
  path: "/agents",
  component: lazyRouteComponent(() => import("~/features/agents/Agents"), "Agents"),
});

const sandboxes = createRoute({
  getParentRoute: () => inside,
  path: "/sandboxes",
  component: lazyRouteComponent(() => import("~/features/sandboxes/Sandboxes"), "Sandboxes"),
});

const sandbox = createRoute({
  getParentRoute: () => inside,
  path: "/sandboxes/$vm",
  component: lazyRouteComponent(() => import("~/features/sandboxes/Sandbox"), "Sandbox"),
});

const usage = createRoute({
  getParentRoute: () => inside,
  path: "/usage",
  validateSearch: shownOf,
  component: lazyRouteComponent(() => import("~/features/usage/Usage"), "Usage"),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  validateSearch: (search: Record<string, unknown>): { add?: "passkey" } => (search.add === "passkey" ? { add: "passkey" } : {}),
  component: lazyRouteComponent(() => import("~/features/settings/Settings"), "Settings"),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  validateSearch: filterOf,
  component: lazyRouteComponent(() => import("~/features/audit/Audit"), "Audit"),
});

const admin = createRoute({
  getParentRoute: () => inside,
  path: "/admin",
  component: lazyRouteComponent(() => import("~/features/admin/Admin"), "Admin"),
});

const quotas = createRoute({
  getParentRoute: () => inside,
  path: "/admin/quotas",
  component: lazyRouteComponent(() => import("~/features/admin/Quotas"), "Quotas"),
});

const secrets = createRoute({
  getParentRoute: () => inside,
  path: "/admin/secrets",
  component: lazyRouteComponent(() => import("~/features/admin/Secrets"), "Secrets"),
});

const notifications = createRoute({
  getParentRoute: () => inside,
  path: "/notifications",
  validateSearch: (search: Record<string, unknown>): { show?: "unread" } => (search.show === "unread" ? { show: "unread" } : {}),
  component: lazyRouteComponent(() => import("~/features/notifications/Notifications"), "Notifications"),
});

const policies = createRoute({
  getParentRoute: () => inside,
  path: "/admin/policies",
  validateSearch: questionOf,
  component: lazyRouteComponent(() => import("~/features/admin/Policies"), "Policies"),
});

const agentFiles = createRoute({
  getParentRoute: () => inside,
  path: "/admin/agents",
  validateSearch: agentsLookOf,
  component: lazyRouteComponent(() => import("~/features/admin/AgentFiles"), "AgentFiles"),
});

const agentPage = createRoute({
  getParentRoute: () => inside,
  path: "/admin/agents/$agent",
  component: lazyRouteComponent(() => import("~/features/admin/AgentPage"), "AgentPage"),
});

const models = createRoute({
  getParentRoute: () => inside,
  path: "/admin/models",
  component: lazyRouteComponent(() => import("~/features/admin/Models"), "Models"),
});

const programSettings = createRoute({
  getParentRoute: () => inside,
  path: "/admin/settings",
  validateSearch: settingsLookOf,
  component: lazyRouteComponent(() => import("~/features/admin/ProgramSettings"), "ProgramSettings"),
});

const plugins = createRoute({
  getParentRoute: () => inside,
  path: "/admin/plugins",
  component: lazyRouteComponent(() => import("~/features/admin/Plugins"), "Plugins"),
});

/** What people type. */
const policiesByName = createRoute({
  getParentRoute: () => inside,
  path: "/policies",
  validateSearch: questionOf,
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/admin/policies", search });
  },
});

const tree = root.addChildren([
  entry.addChildren([signIn, firstStart, join, reset, verify]),
  inside.addChildren([
    home,
    welcome,
    plan,
    design,
    designSession,
    runList,
    runPage,
    ticketPage,
    review,
    compare,
    board,
    requirements,
    agents,
    sandboxes,
    sandbox,
    usage,
    audit,
    settings,
    admin,
    quotas,
    secrets,
    policies,
    agentFiles,
    agentPage,
    models,
    programSettings,
    plugins,
    notifications,
    policiesByName,
    approvals.addChildren([approval]),
  ]),
]);

export const queries = queryClient(() => signedOut());

export const router = createRouter({
  routeTree: tree,
  context: { queries },
  defaultPreload: "intent",
  // What is preloaded is code; what the server says is in the cache of queries.
  defaultPreloadStaleTime: 0,
  defaultPendingComponent: Waiting,
  defaultPendingMs: 300,
  defaultErrorComponent: Fault,
  scrollRestoration: true,
});

/** Called where the server knows nobody any more: what was shown is forgotten, and the way back kept. */
export function signedOut(): void {
  if (!wasSignedIn()) return;
  remember(false);
  queries.clear();
  void forget();
  const { href, pathname } = router.state.location;
  void router.navigate({ to: "/sign-in", search: pathname === "/" ? {} : { to: href } });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
