-- A second factor: codes by time (RFC 6238) of an app, and recovery codes for who lost it.

-- Since when somebody is asked for one; drawn from events like the rest of the view.
ALTER TABLE swarm.users ADD COLUMN second_factor_at timestamptz;

-- What proves it: no view, since no event holds it. A rebuild leaves these tables alone.
CREATE TABLE swarm.second_factors (
    tenant    text    NOT NULL,
    user_id   text    NOT NULL,
    -- The public half of the key that opens the secret; both are empty where a rekeying gave it up.
    recipient text    NOT NULL,
    sealed    bytea   NOT NULL,
    -- Whether its owner has shown a code of it. Before that it is asked for nowhere.
    confirmed boolean NOT NULL DEFAULT false,
    -- The time step of the last code that was taken: none counts twice, and none before it any more.
    last_step bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, user_id)
);

CREATE TABLE swarm.recovery_codes (
    tenant  text  NOT NULL,
    user_id text  NOT NULL,
    hash    bytea NOT NULL,
    PRIMARY KEY (tenant, user_id, hash)
);

-- Sign-ins whose first step was right. The row is gone with the second, with too many wrong codes, or with its time.
CREATE TABLE swarm.second_steps (
    tenant  text        NOT NULL,
    hash    bytea       NOT NULL,
    user_id text        NOT NULL,
    device  text        NOT NULL,
    cookies boolean     NOT NULL,
    tries   smallint    NOT NULL DEFAULT 0,
    expires timestamptz NOT NULL,
    PRIMARY KEY (tenant, hash)
);

CREATE INDEX second_steps_by_end ON swarm.second_steps (expires);
