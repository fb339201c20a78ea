-- A key may have a rate of its own, as text such as `20/min`: it was said when the key was made, and stands in that event.
ALTER TABLE swarm.api_keys ADD COLUMN rate text;
