-- Specs have versions: a line of them begins with a spec that continues no other, and the order of the log numbers
-- them. Two people who add at once, both from version 1, make versions 2 and 3: neither is lost.
-- A spec that was read before there were versions is the first of a line of its own, as its event says.

ALTER TABLE swarm.specs ADD COLUMN line text, ADD COLUMN previous text, ADD COLUMN version bigint NOT NULL DEFAULT 1;
UPDATE swarm.specs SET line = id;
ALTER TABLE swarm.specs ALTER COLUMN line SET NOT NULL;
CREATE INDEX specs_by_line ON swarm.specs (tenant, line, version);

-- The run whose work still does what a ticket of a later run asks for.
ALTER TABLE swarm.tickets ADD COLUMN carried text;
