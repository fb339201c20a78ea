const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["HeadlessChrome/", "Chrome"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["iPhone", "an iPhone"],
  ["iPad", "an iPad"],
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["Mac OS X", "a Mac"],
  ["Linux", "Linux"],
] as const;

/** A device as people would call it, from what it says of itself. What is no browser keeps its own words. */
export function device(said: string): string {
  const browser = BROWSERS.find(([mark]) => said.includes(mark))?.[1];
  const system = SYSTEMS.find(([mark]) => said.includes(mark))?.[1];
  if (!browser) return said === "" ? "Something that did not say what it is" : said;
  return system ? `${browser} on ${system}` : browser;
}
