-- Signed statements about a chain: so many events, this head. They are no view: no event can draw a signature again, and
-- they must hold what was signed even where the log says something else by now. The same notes stand in a file of the
-- data folder.

CREATE TABLE swarm.checkpoints (
    tenant text        NOT NULL,
    size   bigint      NOT NULL CHECK (size > 0),
    -- The id of the key that signed it.
    key    text        NOT NULL,
    head   text        NOT NULL,
    at     timestamptz NOT NULL,
    -- The signed note, byte for byte. The other columns repeat parts of it.
    note   text        NOT NULL,
    PRIMARY KEY (tenant, size, key)
);

CREATE TRIGGER checkpoints_are_kept BEFORE UPDATE OR DELETE ON swarm.checkpoints
    FOR EACH ROW EXECUTE FUNCTION swarm.refuse_change();
CREATE TRIGGER checkpoints_are_not_truncated BEFORE TRUNCATE ON swarm.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION swarm.refuse_change();

-- Replies of models that may be given again to who asks the same thing. No view: an entry may go at any time, and who asks
-- then asks the model. The reply itself is a blob, which the event of its call names too.
CREATE TABLE swarm.cached_replies (
    tenant     text        NOT NULL,
    -- What the reply may be given to: the same project (empty for none) and the same caller.
    project    text        NOT NULL,
    caller     text        NOT NULL,
    -- The hash of the whole question with all of the above.
    key        text        NOT NULL,
    model      text        NOT NULL,
    reply      text        NOT NULL,
    bytes      bigint      NOT NULL,
    -- What the call cost that brought it.
    usd        bigint      NOT NULL,
    tokens_in  bigint      NOT NULL,
    tokens_out bigint      NOT NULL,
    made_at    timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    hits       bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, project, caller, key)
);

CREATE INDEX cached_replies_by_use ON swarm.cached_replies (tenant, used_at);

-- What the cache had to do with a call: null where it was not asked; missed, hit, or, where a hit was asked for anew to
-- see whether it still holds, agreed or differed. With what a hit saved.
ALTER TABLE swarm.model_calls
    ADD COLUMN cache     text,
    ADD COLUMN saved_usd bigint NOT NULL DEFAULT 0,
    ADD COLUMN saved_in  bigint NOT NULL DEFAULT 0,
    ADD COLUMN saved_out bigint NOT NULL DEFAULT 0;

CREATE INDEX model_calls_by_cache ON swarm.model_calls (tenant, seq) WHERE cache IS NOT NULL;
