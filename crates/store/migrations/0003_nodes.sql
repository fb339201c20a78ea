-- Who works on this database just now. This is about processes, not about the work: it is no view, no event can draw it
-- again, and nothing that must last stands here. That a node joined, left or was lost is said in the log beside it.

-- One row a name. It stays when the node is gone, for its token: that must never go back. `state` is live, draining, dead
-- or left. All times are the database's own, so that no machine's clock decides who is dead.
CREATE TABLE swarm.nodes (
    name          text        NOT NULL PRIMARY KEY,
    token         bigint      NOT NULL CHECK (token > 0),
    state         text        NOT NULL,
    labels        text[]      NOT NULL,
    only_labelled boolean     NOT NULL,
    version       text        NOT NULL,
    host          text        NOT NULL,
    pid           bigint      NOT NULL,
    cores         bigint      NOT NULL,
    joined_at     timestamptz NOT NULL,
    beat_at       timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- Who found it dead and when, and whether its work has been handed over since.
    taken_by      text,
    taken_at      timestamptz,
    settled       boolean     NOT NULL DEFAULT true
);

-- Blobs, mirrors and worktrees are files. Every node must see the same ones, so the folder that they are in is known by
-- an id that stands in a file there.
CREATE TABLE swarm.data_folder (
    only_one boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (only_one),
    id       text        NOT NULL,
    path     text        NOT NULL,
    noted_at timestamptz NOT NULL
);
