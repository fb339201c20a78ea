-- Questions to people: drawn from events like every view. What was asked and where it stands are kept whole, as the domain
-- writes them; beside them stands what is searched by.
CREATE TABLE swarm.interrupts (
    tenant     text        NOT NULL,
    id         text        NOT NULL,
    project    text        NOT NULL,
    run        text        NOT NULL,
    ticket     text,
    attempt    text,
    kind       text        NOT NULL,
    risk       text        NOT NULL,
    state      text        NOT NULL,
    interrupt  text        NOT NULL,
    standing   text        NOT NULL,
    raised_at  timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX interrupts_by_run ON swarm.interrupts (tenant, run);
-- What waits is asked for often, and is little beside what was answered.
CREATE INDEX interrupts_waiting ON swarm.interrupts (tenant, raised_at) WHERE state = 'waiting';
