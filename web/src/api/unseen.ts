import type { InterruptSummary, Me, NotificationList } from "./generated/api";

/** Of what waits, what this one may answer, is asked about and has not answered yet. */
export function forMe(items: readonly InterruptSummary[], who: Me | undefined): InterruptSummary[] {
  if (!who?.scopes.includes("gates:approve")) return [];
  return items.filter(({ people, accepted_by }) => (people.length === 0 || people.includes(who.person)) && !accepted_by.includes(who.person));
}

/** What the bell counts: each thing once, though somebody was told of a question that waits for them too. */
export function unseen(asked: readonly InterruptSummary[], list: NotificationList | undefined): { asked: number; other: number } {
  const ids = new Set(asked.map(({ id }) => id));
  const same = (list?.items ?? []).filter(({ notification, interrupt }) => !notification.read_at && interrupt && ids.has(interrupt));
  return { asked: asked.length, other: Math.max(0, (list?.unread ?? 0) - same.length) };
}

/** The messages about a question that are not read yet. */
export function about(list: NotificationList | undefined, question: string): string[] {
  return (list?.items ?? []).filter(({ notification, interrupt }) => interrupt === question && !notification.read_at).map(({ notification }) => notification.id);
}
