-- The trap: counts each write to a journal, and stops the one that is asked for. Only ever in the database of a test.

CREATE SCHEMA chaos;

-- A sequence is not rolled back: what was counted stays counted, also where the write is lost.
CREATE SEQUENCE chaos.position;

-- The positions to stop at, by name or by number, and whether the write there is lost or kept.
CREATE TABLE chaos.target (id bigint PRIMARY KEY, what text, at bigint, kept boolean NOT NULL);

-- What each position is, as far as its write was kept, and how often a write of that name was kept before.
CREATE TABLE chaos.passed (at bigint NOT NULL, what text NOT NULL, before bigint NOT NULL);
CREATE INDEX passed_by_name ON chaos.passed (what);

CREATE FUNCTION chaos.pass() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    here bigint := nextval('chaos.position');
    row  jsonb  := to_jsonb(NEW);
    name text;
    again bigint;
    target record;
BEGIN
    name := CASE TG_TABLE_NAME
        WHEN 'events' THEN 'event ' || (row ->> 'type') || ' ' || (row ->> 'key')
        WHEN 'operation_outputs' THEN 'step ' || (row ->> 'function_name') || ' ' || (row ->> 'workflow_uuid')
            || ' ' || (row ->> 'function_id')
        ELSE 'workflow ' || (row ->> 'status') || ' ' || (row ->> 'workflow_uuid')
    END;
    name := regexp_replace(name, '(run|plan)_[0-9A-Za-z]+', '~', 'g');
    name := regexp_replace(name, '[0-9a-f]{40}', 'COMMIT', 'g');
    name := regexp_replace(name, 'node/[^/]+/[0-9]+/', 'node/~/');
    SELECT count(*) INTO again FROM chaos.passed p WHERE p.what = name;
    INSERT INTO chaos.passed VALUES (here, name, again);
    SELECT t.* INTO target FROM chaos.target t WHERE t.at = here OR t.what = name || ' ' || again;
    IF FOUND THEN
        -- Seen at once by whoever looks at the list of sessions, unlike anything written to a table.
        PERFORM set_config('application_name', 'chaos:' || target.id, false);
        IF target.kept THEN
            -- Committed here, and never confirmed: no standby of that name exists.
            PERFORM set_config('synchronous_commit', 'on', true);
        ELSE
            PERFORM pg_advisory_xact_lock(815);
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER chaos BEFORE INSERT ON swarm.events
    FOR EACH ROW EXECUTE FUNCTION chaos.pass();
CREATE TRIGGER chaos BEFORE INSERT ON dbos.operation_outputs
    FOR EACH ROW EXECUTE FUNCTION chaos.pass();
CREATE TRIGGER chaos_begun BEFORE INSERT ON dbos.workflow_status
    FOR EACH ROW EXECUTE FUNCTION chaos.pass();
CREATE TRIGGER chaos_moved BEFORE UPDATE ON dbos.workflow_status
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION chaos.pass();
