-- The secret by which nodes know each other's messages where they go another way than through this database. One row,
-- made by whichever node needs it first.
CREATE TABLE swarm.fanout_keys (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea   NOT NULL CHECK (length(key) = 32)
);

-- Who watches what through which node. Every node writes its own rows anew and again; those of one that stopped doing so
-- run out. Nothing is lost with them, so they need no log before them.
CREATE UNLOGGED TABLE swarm.presence (
    tenant      text        NOT NULL,
    node        text        NOT NULL,
    path        text        NOT NULL,
    person      text        NOT NULL,
    connections integer     NOT NULL,
    expires     timestamptz NOT NULL,
    PRIMARY KEY (tenant, node, path, person)
);
