import { useNow } from "~/live/store";
import { age, ago, moment } from "./format";

/** How long ago something was, going on by itself; the moment itself on hover. */
export function When({ at, bare = false }: { at: string; bare?: boolean }) {
  const now = useNow();
  const since = now - Date.parse(at);
  return (
    <time dateTime={at} title={moment(at)}>
      {bare ? age(since) : ago(since)}
    </time>
  );
}
