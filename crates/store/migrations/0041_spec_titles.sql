-- Which version of a spec a text is goes by its title first. Specs of one project may be many: the one of a title is looked up
-- here, not by reading all of them.
ALTER TABLE swarm.specs ADD COLUMN title_key text
    GENERATED ALWAYS AS (md5(lower(regexp_replace(btrim(spec::json ->> 'title'), '\s+', ' ', 'g')))) STORED;
CREATE INDEX specs_by_title ON swarm.specs (tenant, project, title_key, added_at);
CREATE INDEX specs_by_age ON swarm.specs (tenant, project, added_at);
