-- Who can sign in by which provider, drawn from events like every view. The pair of issuer and subject is the key: an
-- address changes hands.

CREATE TABLE swarm.linked_identities (
    tenant    text        NOT NULL,
    user_id   text        NOT NULL,
    provider  text        NOT NULL,
    issuer    text        NOT NULL,
    subject   text        NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, user_id, provider),
    UNIQUE (tenant, issuer, subject)
);

-- Sign-ins that wait for somebody to come back from a provider: no view, since no event holds them. Each row is gone with
-- the first who shows both its state and what the browser was given, and nothing in it lets anybody in.
CREATE TABLE swarm.provider_flows (
    tenant      text        NOT NULL,
    -- Hashes of what came back in the address, and of what the browser keeps in a cookie.
    state       bytea       NOT NULL,
    browser     bytea       NOT NULL,
    provider    text        NOT NULL,
    -- Exactly as the provider was told.
    redirect    text        NOT NULL,
    -- The session that links another way in to its account; nothing where somebody signs in.
    session     text,
    -- The hash of the invitation's link that was shown.
    invitation  bytea,
    -- The page of ours to end on.
    return_to   text,
    expires     timestamptz NOT NULL,
    PRIMARY KEY (tenant, state)
);

CREATE INDEX provider_flows_by_end ON swarm.provider_flows (expires);
