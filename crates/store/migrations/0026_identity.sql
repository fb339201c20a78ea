-- Accounts, invitations, sessions and API keys, drawn from their events like every view. No password, key, token or link
-- is in these tables, hashed or not.

CREATE TABLE swarm.users (
    tenant              text        NOT NULL,
    id                  text        NOT NULL,
    -- In one form, so that two spellings are not two accounts.
    email               text        NOT NULL,
    role                text        NOT NULL,
    how                 text        NOT NULL,
    joined_at           timestamptz NOT NULL,
    verified_at         timestamptz,
    disabled_at         timestamptz,
    password_changed_at timestamptz,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, email)
);

CREATE TABLE swarm.invitations (
    tenant       text        NOT NULL,
    id           text        NOT NULL,
    email        text        NOT NULL,
    role         text        NOT NULL,
    made_at      timestamptz NOT NULL,
    expires      timestamptz NOT NULL,
    accepted_at  timestamptz,
    withdrawn_at timestamptz,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE swarm.sessions (
    tenant   text        NOT NULL,
    id       text        NOT NULL,
    user_id  text        NOT NULL,
    device   text        NOT NULL,
    begun_at timestamptz NOT NULL,
    expires  timestamptz NOT NULL,
    ended_at timestamptz,
    how      text,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX sessions_by_user ON swarm.sessions (tenant, user_id) WHERE ended_at IS NULL;

CREATE TABLE swarm.api_keys (
    tenant     text        NOT NULL,
    id         text        NOT NULL,
    name       text        NOT NULL,
    -- Nothing where the operator made it.
    owner      text,
    scopes     text        NOT NULL,
    versions   text        NOT NULL,
    made_at    timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant, id)
);

-- What proves who somebody is: no views, since no event holds it. A rebuild leaves these tables alone. Each row is written
-- in the transaction of the event that says so.

CREATE TABLE swarm.credentials (
    tenant  text NOT NULL,
    user_id text NOT NULL,
    -- Argon2id in PHC form, with its parameters and salt.
    hash    text NOT NULL,
    PRIMARY KEY (tenant, user_id)
);

-- Every token of a session's family, the used ones too: one that comes a second time was copied.
CREATE TABLE swarm.refresh_tokens (
    tenant  text        NOT NULL,
    session text        NOT NULL,
    hash    bytea       NOT NULL,
    -- When it stops to count by itself, unless it is used.
    idle    timestamptz NOT NULL,
    -- When its session does; then the row can go.
    expires timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant, session, hash)
);

CREATE INDEX refresh_tokens_by_end ON swarm.refresh_tokens (expires);

CREATE TABLE swarm.key_proofs (
    tenant  text   NOT NULL,
    key     text   NOT NULL,
    version bigint NOT NULL,
    hash    bytea  NOT NULL,
    PRIMARY KEY (tenant, key, version)
);

CREATE TABLE swarm.one_time_links (
    tenant  text        NOT NULL,
    hash    bytea       NOT NULL,
    purpose text        NOT NULL,
    -- The user or invitation that it is for; nothing for the first account.
    subject text        NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (tenant, hash)
);

CREATE INDEX one_time_links_by_subject ON swarm.one_time_links (tenant, purpose, subject);

-- When a session or key was last seen, to the minute: about use, not about the field.
CREATE TABLE swarm.identity_uses (
    tenant text        NOT NULL,
    id     text        NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- How often something was tried lately: the time at which its bucket is full again (GCRA). The subject is a hash of an
-- address or account.
CREATE TABLE swarm.throttles (
    subject text        PRIMARY KEY,
    full_at timestamptz NOT NULL
);

CREATE INDEX throttles_by_end ON swarm.throttles (full_at);
