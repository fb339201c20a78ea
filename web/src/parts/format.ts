/** Figures and times in words, for people. Pure: the time now is passed in. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Millionths of a US dollar. Small sums keep the digits that say something. */
export function money(microUsd: number): string {
  const usd = microUsd / 1e6;
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "< $0.0001";
  const digits = usd >= 0.1 ? 2 : usd >= 0.01 ? 3 : 4;
  const [whole = "", rest = ""] = (Math.round(microUsd / 10 ** (6 - digits)) / 10 ** digits).toFixed(digits).split(".");
  return `$${grouped(whole)}.${rest.replace(/(?<=..)0+$/, "")}`;
}

/** A range of sums; one sum where both ends are the same. */
export function range(low: number, high: number, shown: (value: number) => string): string {
  const [from, to] = [shown(low), shown(high)];
  return from === to ? from : `${from} – ${to}`;
}

/** A count, shortened where the last digits say nothing: 1,234 and 56.8k. */
export function count(value: number): string {
  if (Math.abs(value) < 10_000) {
    const [whole = "", rest] = String(Math.round(value * 1_000) / 1_000).split(".");
    return rest === undefined ? grouped(whole) : `${grouped(whole)}.${rest}`;
  }
  compact ??= new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
  return compact.format(value).toLowerCase();
}

/** The browser's own formats take a phone a tenth of a second to begin with: one for all, where there is no plainer way. */
let compact: Intl.NumberFormat | undefined;

/** A whole number in groups of three: 1,234,567. */
function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** One or many: `plural(2, "ticket")` is "2 tickets". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A length of time, to two places: 850 ms, 4.2 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function length(millis: number): string {
  if (millis < SECOND) return `${Math.max(0, Math.round(millis))} ms`;
  if (millis < 10 * SECOND) return `${(millis / SECOND).toFixed(1)} s`;
  if (millis < MINUTE) return `${Math.round(millis / SECOND)} s`;
  const two = (large: number, of: string, small: number, and: string) => {
    const rest = Math.floor((millis % large) / small);
    return `${Math.floor(millis / large)} ${of}${rest > 0 ? ` ${rest} ${and}` : ""}`;
  };
  if (millis < HOUR) return two(MINUTE, "min", SECOND, "s");
  if (millis < DAY) return two(HOUR, "h", MINUTE, "min");
  return two(DAY, "d", HOUR, "h");
}

/** How long ago, in one place: "just now", "12 s", "3 min", "2 h", "5 d". */
export function age(millis: number): string {
  if (millis < 5 * SECOND) return "just now";
  if (millis < MINUTE) return `${Math.floor(millis / SECOND)} s`;
  if (millis < HOUR) return `${Math.floor(millis / MINUTE)} min`;
  if (millis < DAY) return `${Math.floor(millis / HOUR)} h`;
  return `${Math.floor(millis / DAY)} d`;
}

/** "3 min ago", and "just now". */
export function ago(millis: number): string {
  const words = age(millis);
  return words === "just now" ? words : `${words} ago`;
}

/** A moment in the reader's zone, to the second. */
export function moment(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** A size in bytes. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = value > 0 ? Math.min(Math.floor(Math.log(value) / Math.log(1024)), units.length - 1) : 0;
  const shown = value / 1024 ** step;
  return `${step === 0 || shown >= 100 ? Math.round(shown) : shown.toFixed(1)} ${units[step]}`;
}

/** An id as people tell it apart: what stands before the first underscore, and its last six characters. */
export function short(id: string): string {
  const mark = id.lastIndexOf("_");
  return mark < 0 || id.length - mark <= 9 ? id : `${id.slice(0, mark)}…${id.slice(-6)}`;
}

/** A name of the log as words: `ticket_state_changed` is "ticket state changed". */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** With a capital. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
