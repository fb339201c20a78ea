// Before the first paint: the look that was chosen, so that nothing flashes. A file of its own, because the page takes no
// script that stands in it.
(function () {
  var root = document.documentElement;
  function kept(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }
  // What the page shows at first is of its first path alone, and for who was here before.
  if (kept("swarm.signed-in") !== "yes") root.setAttribute("data-stranger", "");
  if (/^\/[^/]+\/./.test(location.pathname) || location.search !== "") root.setAttribute("data-deep", "");
  var scheme = kept("swarm.scheme");
  var dark = scheme === "dark" || (scheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
  var contrast = kept("swarm.contrast");
  if (contrast === "more" || (contrast !== "usual" && matchMedia("(prefers-contrast: more)").matches)) {
    root.setAttribute("data-contrast", "more");
  }
})();
