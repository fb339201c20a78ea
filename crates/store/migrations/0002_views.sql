-- The views: what the events add up to, for reading. Each is a table that `projection.rs` writes in the transaction of
-- the event, and that a rebuild empties and draws again. Nothing stands here that no event says.
--
-- The tenant leads every key, so that tenants can be spread over several databases. What is only shown and never
-- searched (plans, problems, options) is kept as JSON in a text column: its bytes stay as the event had them.

-- Sums of spending saturate as they do in the domain: a sum never fails and never wraps round to small.
CREATE FUNCTION swarm.plus(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT least(a::numeric + b::numeric, 9223372036854775807)::bigint
$$;

CREATE TABLE swarm.projects (
    tenant   text        NOT NULL,
    id       text        NOT NULL,
    repo     text        NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE swarm.specs (
    tenant   text        NOT NULL,
    id       text        NOT NULL,
    project  text        NOT NULL,
    text     text        NOT NULL,
    spec     text        NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE swarm.plans (
    tenant       text        NOT NULL,
    id           text        NOT NULL,
    spec         text        NOT NULL,
    project      text        NOT NULL,
    models       text[]      NOT NULL,
    state        text        NOT NULL,
    plan         text,
    problem      text,
    requested_at timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE swarm.runs (
    tenant      text        NOT NULL,
    id          text        NOT NULL,
    project     text        NOT NULL,
    plan        text        NOT NULL,
    spec        text        NOT NULL,
    state       text        NOT NULL,
    problem     text,
    options     text        NOT NULL,
    generation  bigint      NOT NULL DEFAULT 1,
    base        text,
    base_branch text,
    branch      text,
    usd         bigint      NOT NULL DEFAULT 0,
    tokens_in   bigint      NOT NULL DEFAULT 0,
    tokens_out  bigint      NOT NULL DEFAULT 0,
    calls       bigint      NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    settled_at  timestamptz,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX runs_by_age ON swarm.runs (tenant, started_at DESC, id DESC);

CREATE TABLE swarm.tickets (
    tenant       text        NOT NULL,
    run          text        NOT NULL,
    id           text        NOT NULL,
    position     bigint      NOT NULL,
    ticket       text        NOT NULL,
    requirements text[]      NOT NULL,
    state        text        NOT NULL,
    problem      text,
    attempt      bigint      NOT NULL DEFAULT 0,
    usd          bigint      NOT NULL DEFAULT 0,
    tokens_in    bigint      NOT NULL DEFAULT 0,
    tokens_out   bigint      NOT NULL DEFAULT 0,
    calls        bigint      NOT NULL DEFAULT 0,
    agent        text,
    step         text,
    merged       text,
    merged_at    timestamptz,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant, run, id)
);

CREATE TABLE swarm.attempts (
    tenant      text        NOT NULL,
    run         text        NOT NULL,
    id          text        NOT NULL,
    ticket      text        NOT NULL,
    number      bigint      NOT NULL,
    agent       text        NOT NULL,
    model       text        NOT NULL,
    rung        text        NOT NULL,
    base        text        NOT NULL,
    hints       text[]      NOT NULL,
    outcome     text,
    usd         bigint      NOT NULL DEFAULT 0,
    tokens_in   bigint      NOT NULL DEFAULT 0,
    tokens_out  bigint      NOT NULL DEFAULT 0,
    calls       bigint      NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (tenant, run, id)
);

CREATE INDEX attempts_by_ticket ON swarm.attempts (tenant, run, ticket, number);

CREATE TABLE swarm.model_calls (
    tenant     text        NOT NULL,
    seq        bigint      NOT NULL,
    run        text,
    ticket     text,
    attempt    text,
    agent      text        NOT NULL,
    model      text        NOT NULL,
    request    text        NOT NULL,
    reply      text        NOT NULL,
    usd        bigint      NOT NULL,
    tokens_in  bigint      NOT NULL,
    tokens_out bigint      NOT NULL,
    calls      bigint      NOT NULL,
    millis     bigint      NOT NULL,
    recorded   boolean     NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX model_calls_by_run ON swarm.model_calls (tenant, run, seq);

CREATE TABLE swarm.checks (
    tenant      text        NOT NULL,
    seq         bigint      NOT NULL,
    run         text        NOT NULL,
    ticket      text,
    attempt     text,
    stage       text        NOT NULL,
    requirement text        NOT NULL,
    command     text        NOT NULL,
    commit      text        NOT NULL,
    passed      boolean     NOT NULL,
    ended       text        NOT NULL,
    output      text        NOT NULL,
    rung        text        NOT NULL,
    millis      bigint      NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX checks_by_run ON swarm.checks (tenant, run, requirement, seq);

CREATE TABLE swarm.findings (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL,
    run     text        NOT NULL,
    ticket  text        NOT NULL,
    attempt text,
    finding text        NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX findings_by_ticket ON swarm.findings (tenant, run, ticket, seq);

CREATE TABLE swarm.commits (
    tenant  text        NOT NULL,
    run     text        NOT NULL,
    ticket  text        NOT NULL,
    commit  text        NOT NULL,
    attempt text,
    files   bigint      NOT NULL,
    added   bigint      NOT NULL,
    removed bigint      NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, run, ticket, commit)
);

CREATE TABLE swarm.pull_requests (
    tenant     text        NOT NULL,
    run        text        NOT NULL,
    reference  text        NOT NULL,
    title      text        NOT NULL,
    body       text        NOT NULL,
    head       text        NOT NULL,
    opened_at  timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, run)
);
