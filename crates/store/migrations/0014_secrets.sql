-- What a secret is for, drawn from its events like every view. No value is in here, sealed or hashed.
CREATE TABLE swarm.secrets (
    tenant     text        NOT NULL,
    -- The project, or nothing where it is for all.
    scope      text        NOT NULL,
    name       text        NOT NULL,
    hosts      text        NOT NULL,
    placement  text        NOT NULL,
    versions   text        NOT NULL,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz,
    used_at    timestamptz,
    uses       bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, scope, name)
);

-- The sealed values: no view, since no event holds them. A rebuild leaves this table alone. Written in the transaction of
-- the event that says so, and deleted when the version has ended.
CREATE TABLE swarm.sealed_secrets (
    tenant    text   NOT NULL,
    scope     text   NOT NULL,
    name      text   NOT NULL,
    version   bigint NOT NULL,
    -- The public half of the key that opens it.
    recipient text   NOT NULL,
    sealed    bytea  NOT NULL,
    PRIMARY KEY (tenant, scope, name, version)
);

-- The number of the last version that a name had: it goes on counting when the secret is removed and set anew, so that an
-- event about version 2 is always about the same value. Its row is the lock of the name.
CREATE TABLE swarm.secret_numbers (
    tenant text   NOT NULL,
    scope  text   NOT NULL,
    name   text   NOT NULL,
    last   bigint NOT NULL CHECK (last > 0),
    PRIMARY KEY (tenant, scope, name)
);
