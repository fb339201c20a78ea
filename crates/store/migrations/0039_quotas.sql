-- Quotas and what was spent, day by day, of what they limit. Both are views, drawn from events.
CREATE TABLE swarm.quotas (
    tenant text        NOT NULL,
    kind   text        NOT NULL,
    target text        NOT NULL,
    per    text        NOT NULL,
    usd    bigint,
    tokens bigint,
    runs   bigint,
    set_by text        NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, kind, target)
);

-- A day, not a month or a year: of days every period is made up. Days are those of UTC.
CREATE TABLE swarm.spending (
    tenant     text   NOT NULL,
    kind       text   NOT NULL,
    target     text   NOT NULL,
    day        date   NOT NULL,
    usd        bigint NOT NULL DEFAULT 0,
    tokens_in  bigint NOT NULL DEFAULT 0,
    tokens_out bigint NOT NULL DEFAULT 0,
    calls      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, kind, target, day)
);

-- The API key that began it.
ALTER TABLE swarm.runs ADD COLUMN key text;
CREATE INDEX runs_running ON swarm.runs (tenant, project) WHERE state = 'running';

-- What was spent before there were quotas. Runs did not say yet which key began them.
WITH spent AS (
    SELECT e.tenant, (e.at AT TIME ZONE 'UTC')::date AS day,
           coalesce(e.project, r.project) AS project,
           coalesce(e.text::jsonb #>> '{body,agent}', a.agent) AS agent,
           (e.text::jsonb #>> '{body,spend,usd}')::numeric AS usd,
           (e.text::jsonb #>> '{body,spend,tokens_in}')::numeric AS tokens_in,
           (e.text::jsonb #>> '{body,spend,tokens_out}')::numeric AS tokens_out,
           (e.text::jsonb #>> '{body,spend,calls}')::numeric AS calls
    FROM swarm.events e
    LEFT JOIN swarm.runs r ON r.tenant = e.tenant AND r.id = e.run
    LEFT JOIN swarm.attempts a ON a.tenant = e.tenant AND a.run = e.run
                              AND a.id = e.text::jsonb #>> '{subject,attempt}'
    WHERE e.type IN ('model_called', 'work_returned')
), counted AS (
    SELECT tenant, day, usd, tokens_in, tokens_out, calls, 'tenant' AS kind, '' AS target FROM spent
    UNION ALL SELECT tenant, day, usd, tokens_in, tokens_out, calls, 'project', project FROM spent
    UNION ALL SELECT tenant, day, usd, tokens_in, tokens_out, calls, 'agent', agent FROM spent
)
INSERT INTO swarm.spending (tenant, kind, target, day, usd, tokens_in, tokens_out, calls)
SELECT tenant, kind, target, day, least(sum(usd), 9223372036854775807)::bigint,
       least(sum(tokens_in), 9223372036854775807)::bigint, least(sum(tokens_out), 9223372036854775807)::bigint,
       least(sum(calls), 9223372036854775807)::bigint
FROM counted WHERE target IS NOT NULL AND usd + tokens_in + tokens_out + calls > 0
GROUP BY tenant, kind, target, day;
