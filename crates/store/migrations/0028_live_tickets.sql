-- Tickets that let a live connection in once. Who holds one is no fact of the work and nothing that must last: it is in no
-- event, and a rebuild of the views leaves this table alone. It is here, and not in a process, because the connection may
-- be made to another node than the one that gave the ticket out. Only hashes are kept, and all times are the database's.

CREATE TABLE swarm.live_tickets (
    hash    text        NOT NULL PRIMARY KEY,
    tenant  text        NOT NULL,
    name    text        NOT NULL,
    expires timestamptz NOT NULL,
    -- What they were let in by who asked for it; neither for the operator.
    session text,
    key     text
);

-- How many of one person's wait to be used.
CREATE INDEX live_tickets_of ON swarm.live_tickets (tenant, name);
