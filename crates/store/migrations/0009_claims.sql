-- Attempts that are offered to workers over HTTP, and who holds which. Coordination, no fact of the field: what was
-- offered, claimed, returned and lost is in the event log, written in the same transaction as the row that it changes.
-- So a rebuild of the views leaves this table alone.

CREATE TABLE swarm.claims (
    tenant        text        NOT NULL,
    id            text        NOT NULL,
    project       text        NOT NULL,
    run           text        NOT NULL,
    ticket        text        NOT NULL,
    attempt       text        NOT NULL,
    labels        text[]      NOT NULL,
    state         text        NOT NULL CHECK (state IN ('open', 'claimed', 'done', 'failed', 'withdrawn')),
    -- Grows with every grant: who shows a smaller one lost the claim and may not write.
    token         bigint      NOT NULL DEFAULT 0 CHECK (token >= 0),
    holder        text,
    -- By this database's clock, so that no two machines need to agree on the time.
    expires       timestamptz,
    expiries      bigint      NOT NULL DEFAULT 0,
    lease_seconds bigint      NOT NULL,
    max_expiries  bigint      NOT NULL,
    brief         text        NOT NULL,
    result        text,
    offered_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Since when it stands as it does: the age of what waits.
    since         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, id),
    CHECK ((state = 'claimed') <= (holder IS NOT NULL AND expires IS NOT NULL))
);

-- What a worker that asks for work looks at: the oldest first.
CREATE INDEX claims_that_wait ON swarm.claims (tenant, offered_at, id) WHERE state IN ('open', 'claimed');
CREATE INDEX claims_by_run ON swarm.claims (tenant, run, ticket);
