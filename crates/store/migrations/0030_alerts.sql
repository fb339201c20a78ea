-- Alerts that were raised, and those of them that go on: drawn from events like every view.
CREATE TABLE swarm.alerts (
    tenant    text        NOT NULL,
    seq       bigint      NOT NULL,
    alert     text        NOT NULL,
    value     bigint      NOT NULL,
    bound     bigint      NOT NULL,
    words     text        NOT NULL,
    raised_at timestamptz NOT NULL,
    ended_at  timestamptz,
    PRIMARY KEY (tenant, seq)
);

-- Each is raised once at a time, however many processes look.
CREATE UNIQUE INDEX alerts_open ON swarm.alerts (tenant, alert) WHERE ended_at IS NULL;

-- What was done lately is asked for every few seconds, and must not read all that was ever done.
CREATE INDEX tickets_merged ON swarm.tickets (tenant, merged_at DESC) WHERE merged_at IS NOT NULL;
CREATE INDEX attempts_ended ON swarm.attempts (tenant, finished_at DESC) WHERE finished_at IS NOT NULL;
CREATE INDEX model_calls_by_age ON swarm.model_calls (tenant, at DESC);
CREATE INDEX events_of_trouble ON swarm.events (tenant, at DESC)
    WHERE type IN ('step_failed', 'attempt_stuck', 'budget_reached');
