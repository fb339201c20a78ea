-- To whom a question went first, and why: drawn from its event like the rest of the row.
ALTER TABLE swarm.interrupts ADD COLUMN routed text;

-- Messages to people and rooms. They follow from events, but are no view: what was sent was sent, and a rebuild leaves this
-- table alone. What a message says is not kept; it is written when it is sent.
CREATE TABLE swarm.notifications (
    tenant  text        NOT NULL,
    id      text        NOT NULL,
    -- The question, or what else it is about.
    about   text        NOT NULL,
    stage   text        NOT NULL,
    -- Whom it is for; nothing where it is for a room.
    person  text        NOT NULL,
    channel text        NOT NULL,
    state   text        NOT NULL,
    made_at timestamptz NOT NULL,
    -- Not before this. By the clock of swarm; leases are by the database's own, which all nodes share.
    due_at  timestamptz NOT NULL,
    tries   bigint      NOT NULL DEFAULT 0,
    -- Who sends it just now, by a word of their own for this try.
    claim   text,
    claimed_until timestamptz,
    sent_at timestamptz,
    read_at timestamptz,
    -- Why the last try failed, or why it is not sent.
    fault   text,
    PRIMARY KEY (tenant, id),
    -- Nobody is told the same twice by the same way.
    UNIQUE (tenant, about, stage, person, channel)
);

CREATE INDEX notifications_due ON swarm.notifications (tenant, due_at) WHERE state = 'pending';
CREATE INDEX notifications_of ON swarm.notifications (tenant, lower(person), made_at) WHERE channel = 'in_app';
CREATE INDEX notifications_dead ON swarm.notifications (tenant, made_at) WHERE state = 'dead';

-- How far the log was read for what people are told.
CREATE TABLE swarm.notification_cursors (
    tenant text   NOT NULL PRIMARY KEY,
    seq    bigint NOT NULL
);

-- Links by which somebody answers one question, once. Of what proves a link only a hash is kept; what it is for is signed
-- with it. All times are swarm's.
CREATE TABLE swarm.answer_links (
    tenant       text        NOT NULL,
    hash         bytea       NOT NULL,
    notification text        NOT NULL,
    interrupt    text        NOT NULL,
    stage        text        NOT NULL,
    person       text        NOT NULL,
    expires      timestamptz NOT NULL,
    used_at      timestamptz,
    PRIMARY KEY (tenant, hash)
);

CREATE INDEX answer_links_of ON swarm.answer_links (tenant, interrupt, lower(person));

-- What signs them: on every node the same, for any of them may be asked. Who reads it makes no link, for a link is random
-- besides, and its hash must stand above.
CREATE TABLE swarm.answer_link_keys (
    tenant text  NOT NULL PRIMARY KEY,
    key    bytea NOT NULL
);
