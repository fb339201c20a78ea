-- Browsers that take messages by web push, each in one session of one person: who is signed out is not told. They are no
-- view; who forgets one loses nothing that happened.
CREATE TABLE swarm.push_browsers (
    tenant   text        NOT NULL,
    id       text        NOT NULL,
    user_id  text        NOT NULL,
    session  text        NOT NULL,
    -- Where its push service takes messages for it, and by what they are sealed for it alone.
    endpoint text        NOT NULL,
    p256dh   bytea       NOT NULL,
    auth     bytea       NOT NULL,
    made_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, endpoint)
);

CREATE INDEX push_browsers_of ON swarm.push_browsers (tenant, user_id);

-- What signs messages to browsers, in PKCS #8: on every node the same, for browsers take them from one key alone.
CREATE TABLE swarm.push_keys (
    tenant text  NOT NULL PRIMARY KEY,
    key    bytea NOT NULL
);
