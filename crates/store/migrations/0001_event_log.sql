-- The event log: the one place where facts are written. Everything else in this schema can be drawn from it.

CREATE SCHEMA IF NOT EXISTS swarm;

-- One row a tenant, locked while events are appended: sequence numbers are gapless and become visible in order, so a
-- reader that remembers a position misses nothing. A sequence object would leave gaps after a rollback and could show
-- 8 before 7.
CREATE TABLE swarm.chains (
    tenant text   NOT NULL PRIMARY KEY,
    head   text   NOT NULL,
    count  bigint NOT NULL CHECK (count >= 0)
);

-- `text` is the event's canonical JSON exactly as it was hashed: jsonb would reorder and reformat it, and the hash
-- could not be checked any more. The other columns repeat parts of it for filters.
CREATE TABLE swarm.events (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL CHECK (seq > 0),
    at      timestamptz NOT NULL,
    type    text        NOT NULL,
    key     text        NOT NULL,
    project text,
    run     text,
    ticket  text,
    text    text        NOT NULL,
    prev    text        NOT NULL,
    hash    text        NOT NULL,
    PRIMARY KEY (tenant, seq),
    -- Appending the same key twice appends once.
    UNIQUE (tenant, key)
);

CREATE INDEX events_by_run ON swarm.events (tenant, run, seq) WHERE run IS NOT NULL;
CREATE INDEX events_by_type ON swarm.events (tenant, type, seq);

-- Nothing is ever changed or removed here, by mistake least of all. An owner of the database can still switch the
-- trigger off; that is what the hash chain is for.
CREATE FUNCTION swarm.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_are_kept BEFORE UPDATE OR DELETE ON swarm.events
    FOR EACH ROW EXECUTE FUNCTION swarm.refuse_change();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON swarm.events
    FOR EACH STATEMENT EXECUTE FUNCTION swarm.refuse_change();
