/** Who renews the session holds this lock, the service worker too: of two at once the server would take the second for a thief. */
export const RENEWAL = "swarm.renewal";
