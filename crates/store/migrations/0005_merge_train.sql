-- What the merge train learns: parts of tickets that are merged before the whole, what an attempt took on disk, and
-- which files clashed or were changed together, from which later runs foresee clashes.

ALTER TABLE swarm.tickets ADD COLUMN checkpoint text[] NOT NULL DEFAULT '{}';

ALTER TABLE swarm.attempts ADD COLUMN disk_bytes bigint NOT NULL DEFAULT 0;

CREATE TABLE swarm.clashes (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL,
    project text        NOT NULL,
    run     text        NOT NULL,
    ticket  text        NOT NULL,
    files   text[]      NOT NULL,
    others  text[]      NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX clashes_by_project ON swarm.clashes (tenant, project, seq);

-- One row a merge: the files that one piece of work changed.
CREATE TABLE swarm.changes (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL,
    project text        NOT NULL,
    run     text        NOT NULL,
    ticket  text        NOT NULL,
    files   text[]      NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX changes_by_project ON swarm.changes (tenant, project, seq);
