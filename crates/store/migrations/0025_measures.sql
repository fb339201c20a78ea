-- What was measured of the code of accepted attempts: drawn from events like every view. The score is no column: it is a
-- function of what stands here and of the findings, and may be reckoned otherwise one day.
CREATE TABLE swarm.measures (
    tenant   text        NOT NULL,
    seq      bigint      NOT NULL,
    run      text        NOT NULL,
    ticket   text        NOT NULL,
    attempt  text        NOT NULL,
    commit   text        NOT NULL,
    measures text        NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX measures_by_run ON swarm.measures (tenant, run, seq);
