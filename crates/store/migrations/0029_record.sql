-- Who did it, as filters write it: `person:ada`. Drawn from the very text that is hashed, by the database itself, so that
-- it cannot say something else.
ALTER TABLE swarm.events ADD COLUMN actor text GENERATED ALWAYS AS (
    (text::jsonb #>> '{actor,kind}') || ':' || coalesce(text::jsonb #>> '{actor,name}', text::jsonb #>> '{actor,part}', '')
) STORED;

CREATE INDEX events_by_actor ON swarm.events (tenant, actor, seq);
CREATE INDEX events_by_ticket ON swarm.events (tenant, ticket, seq) WHERE ticket IS NOT NULL;
CREATE INDEX events_by_time ON swarm.events (tenant, at, seq);

-- Legal holds, drawn from their events like every view.
CREATE TABLE swarm.holds (
    tenant     text        NOT NULL,
    id         text        NOT NULL,
    scope      text        NOT NULL,
    target     text        NOT NULL,
    reason     text        NOT NULL,
    set_by     text        NOT NULL,
    set_at     timestamptz NOT NULL,
    lifted_by  text,
    lifted_at  timestamptz,
    PRIMARY KEY (tenant, id)
);

-- When a blob was last put in. One that somebody just put in may be about to be named by an event: it is not purged.
-- Those from before this column are named by their events already.
ALTER TABLE swarm.blobs ADD COLUMN put_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE swarm.blobs ALTER COLUMN put_at SET DEFAULT now();

-- Contents that were purged, and the event that says so. No view: the list of a purge is a blob of its own. A file of the
-- data folder goes after the commit; until it is gone, its row says so, and the next purge goes on with it.
CREATE TABLE swarm.purged_blobs (
    hash   text   NOT NULL PRIMARY KEY,
    tenant text   NOT NULL,
    seq    bigint NOT NULL,
    file   boolean NOT NULL DEFAULT false
);
CREATE INDEX purged_blobs_with_file ON swarm.purged_blobs (hash) WHERE file;
