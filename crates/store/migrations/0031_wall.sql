-- The second wall between tenants: row-level security on each table that has a tenant. Every query names its tenant; one
-- that forgets to sees the rows of its own alone.
--
-- A connection says whose it is by the setting `swarm.tenant`, and works as the role `swarm_tenant`, which nothing lets
-- past a policy. Without the setting it sees nothing. `*` is every tenant, and counts for no connection of a tenant: for
-- migrations, and for what is kept once for all, such as blobs.
--
-- It is raised by a function that is called at each start, behind all migrations: tables that come later are behind it too.
-- Gives back whether there is the role. Where the user of the database may not make it, the policies bind that user, who
-- owns the tables: they are forced.
CREATE FUNCTION swarm.raise_wall() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    one      record;
    has_role boolean := true;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('swarm.wall', 0));

    FOR one IN
        SELECT c.oid::regclass AS name, p.oid IS NOT NULL AS has_policy,
               c.relrowsecurity AND c.relforcerowsecurity AND p.oid IS NOT NULL AS is_up
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
        LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
        WHERE c.relnamespace = 'swarm'::regnamespace AND c.relkind IN ('r', 'p')
          -- Contents are kept once for all tenants, by their hash; so is the note that one of them is gone.
          AND c.relname <> 'purged_blobs'
    LOOP
        CONTINUE WHEN one.is_up;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', one.name);
        CONTINUE WHEN one.has_policy;
        EXECUTE format(
            'CREATE POLICY tenant ON %s USING (
                 tenant = (SELECT current_setting(''swarm.tenant'', true))
                 OR ((SELECT current_setting(''swarm.tenant'', true)) = ''*'' AND current_user <> ''swarm_tenant''))',
            one.name);
    END LOOP;

    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'swarm_tenant') THEN
        BEGIN
            CREATE ROLE swarm_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
        EXCEPTION
            -- Another database of the same server did so just now.
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN has_role := false;
        END;
    END IF;
    -- Since PostgreSQL 16 who makes a role may give it, and not yet be it.
    IF has_role AND NOT pg_has_role(
        current_user, 'swarm_tenant',
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    THEN
        BEGIN
            EXECUTE format('GRANT swarm_tenant TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN has_role := false;
        END;
    END IF;
    IF NOT has_role THEN
        RETURN false;
    END IF;
    IF NOT has_schema_privilege('swarm_tenant', 'swarm', 'USAGE') THEN
        GRANT USAGE ON SCHEMA swarm TO swarm_tenant;
    END IF;
    FOR one IN
        SELECT c.oid::regclass AS name, c.relname = 'migrations' AS is_read_only FROM pg_class c
        WHERE c.relnamespace = 'swarm'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT has_table_privilege('swarm_tenant', c.oid, CASE c.relname WHEN 'migrations' THEN 'SELECT' ELSE 'DELETE' END)
    LOOP
        IF one.is_read_only THEN
            EXECUTE format('GRANT SELECT ON %s TO swarm_tenant', one.name);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO swarm_tenant', one.name);
        END IF;
    END LOOP;
    RETURN true;
END;
$$;
