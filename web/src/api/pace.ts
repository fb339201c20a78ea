/**
 * How often pages read again what events make old. A page of a busy run could use up what its person may ask of the server; so it
 * goes by what the server says is left (draft-ietf-httpapi-ratelimit-headers-10), and slows down before anything is refused.
 */

/** Events come in bursts: what they make old is read once for all that came within this, in milliseconds. */
const SOON = 300;
/** The same where little is left: a page of ten parts then asks for less than comes back. */
const LATE = 6_000;
/** Shares of what may be asked: above the first nothing is spared, below the second all that can be. */
const [PLENTY, SCARCE] = [0.7, 0.2];

let share = 1;

/** Takes in what a response says is left. */
export function heard(headers: Headers): void {
  share = shareOf(headers.get("ratelimit-policy") ?? "", headers.get("ratelimit") ?? "") ?? share;
}

/** How long what is old may stand until it is read again, in milliseconds. */
export const together = (): number => pace(share);

export function pace(share: number): number {
  const scarcity = Math.min(Math.max((PLENTY - share) / (PLENTY - SCARCE), 0), 1);
  return Math.round(SOON + scarcity * (LATE - SOON));
}

/** Of all that is counted, the smallest share that is left; nothing where nothing is counted. */
export function shareOf(policy: string, left: string): number | undefined {
  const most = figures(policy, "q");
  const shares = [...figures(left, "r")].flatMap(([name, count]) => {
    const all = most.get(name);
    return all ? [count / all] : [];
  });
  return shares.length > 0 ? Math.min(...shares) : undefined;
}

/** Of each item of a list such as `"user";r=297;t=2`, the number behind a letter. */
function figures(list: string, letter: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const item of list.split(",")) {
    const [name = "", ...rest] = item.split(";").map((part) => part.trim());
    const figure = rest.find((part) => part.startsWith(`${letter}=`));
    if (figure && /^\d+$/.test(figure.slice(2))) found.set(name, Number(figure.slice(2)));
  }
  return found;
}
