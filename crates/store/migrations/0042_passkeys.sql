-- Passkeys (WebAuthn): the public halves of keys by which people sign in. No view, since no event holds them; a rebuild
-- leaves these tables alone.
CREATE TABLE swarm.passkeys (
    tenant     text        NOT NULL,
    id         text        NOT NULL,
    user_id    text        NOT NULL,
    name       text        NOT NULL,
    -- The name that the authenticator gave it, and its public key as a COSE_Key (RFC 9052).
    credential bytea       NOT NULL,
    public_key bytea       NOT NULL,
    -- How often it was used, by its own word; those that are kept in several places say 0 for ever.
    counter    bigint      NOT NULL,
    backed_up  boolean     NOT NULL,
    -- How a browser reaches it, by the browser's word: a hint for when it shall not be added twice.
    transports text[]      NOT NULL,
    added_at   timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, credential)
);

CREATE INDEX passkeys_of ON swarm.passkeys (tenant, user_id);

-- Challenges that browsers were given, by their hash: to add a passkey to an account, or to sign in where there is none.
-- The row is gone with the answer, or with its time.
CREATE TABLE swarm.passkey_ceremonies (
    tenant  text        NOT NULL,
    hash    bytea       NOT NULL,
    user_id text,
    -- The page that asked.
    origin  text        NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (tenant, hash)
);

CREATE INDEX passkey_ceremonies_by_end ON swarm.passkey_ceremonies (expires);
