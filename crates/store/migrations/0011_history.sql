-- What estimates, the choice of agents and the page of failures read: drawn from events like every view. Rows from
-- before this step lack what the events of their time did not say, and `swarm db rebuild` fills in the rest.

-- What was asked of the agent, why it was chosen, and what its failure has in common with others.
ALTER TABLE swarm.attempts
    ADD COLUMN capability text,
    ADD COLUMN choice     text,
    ADD COLUMN class      text,
    ADD COLUMN code       text,
    ADD COLUMN signature  text,
    -- From its beginning to its first judgement: the merge train may judge it again much later.
    ADD COLUMN worked_ms  bigint;

CREATE INDEX attempts_by_age ON swarm.attempts (tenant, started_at DESC);
CREATE INDEX attempts_failed ON swarm.attempts (tenant, finished_at DESC) WHERE class IS NOT NULL;

-- How long steps take, by what kind of step it is: `python3 -m pytest`.
CREATE TABLE swarm.tool_calls (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL,
    run     text,
    ticket  text,
    attempt text,
    tool    text        NOT NULL,
    kind    text        NOT NULL,
    ok      boolean     NOT NULL,
    millis  bigint      NOT NULL,
    overdue boolean     NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX tool_calls_by_kind ON swarm.tool_calls (tenant, tool, kind, seq DESC);
CREATE INDEX model_calls_by_model ON swarm.model_calls (tenant, model, agent, seq DESC);
