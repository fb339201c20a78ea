import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { plan, spec } from "~/api/work";
import { Page } from "~/parts/Page";
import { PlanProposed } from "~/parts/PlanProposed";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";

const route = getRouteApi("/inside/plans/$plan");

/** A plan before anything is built: what would be done, at what price, and what is unclear in the spec. */
export function PlanPage() {
  const { plan: id } = route.useParams();
  const router = useRouter();
  const { data, error, refetch } = useQuery(plan(id));
  const of = useQuery({ ...spec(data?.spec ?? ""), enabled: data !== undefined });
  const title = of.data?.spec.title ?? "Plan";
  return (
    <Page
      title={title}
      about={data ? `Plan for ${data.project}` : undefined}
      actions={
        data ? (
          <Button size="xs" renderRoot={(props) => <Link {...props} to="/design/$spec" params={{ spec: data.spec }} search={{}} />}>
            Change the spec
          </Button>
        ) : null
      }
    >
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the plan" lines={6} /> : null}
      {data ? <PlanProposed detail={data} begun={(run) => void router.navigate({ to: "/runs/$run", params: { run } })} /> : null}
    </Page>
  );
}
