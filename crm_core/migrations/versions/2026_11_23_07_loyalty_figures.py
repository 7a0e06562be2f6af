"""What the loyalty page counts and lists: movements and rewards by day, cohorts, its indexes."""

from alembic import op

revision = "2026_11_23_07"
down_revision = "2026_11_23_06"

LISTS = """
-- The page's lists are in order of time within a month or a kind.
DROP INDEX ix_crm_loyalty_transactions_created_at;
CREATE INDEX ix_crm_loyalty_transactions_created_at_id
    ON crm_loyalty_transactions (created_at, id);
CREATE INDEX ix_crm_loyalty_transactions_type_created_at_id
    ON crm_loyalty_transactions (transaction_type, created_at, id);
DROP INDEX ix_crm_redemptions_reward_id;
CREATE INDEX ix_crm_redemptions_reward_id_created_at_id
    ON crm_redemptions (reward_id, created_at, id);
CREATE INDEX ix_crm_redemptions_created_at_id ON crm_redemptions (created_at, id);

ALTER TABLE crm_loyalty_tier_movements ADD COLUMN rose boolean NOT NULL GENERATED ALWAYS AS (
    array_position(ARRAY['bronze', 'silver', 'gold', 'platinum'], new_tier::text)
        > array_position(ARRAY['bronze', 'silver', 'gold', 'platinum'], old_tier::text)) STORED;
DROP INDEX ix_crm_loyalty_tier_movements_created_at;
CREATE INDEX ix_crm_loyalty_tier_movements_created_at_id
    ON crm_loyalty_tier_movements (created_at, id);
CREATE INDEX ix_crm_loyalty_tier_movements_rose_created_at_id
    ON crm_loyalty_tier_movements (rose, created_at, id);
"""

SUMS = """
CREATE FUNCTION crm_loyalty_sum_movements() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO crm_loyalty_sum_changes (kind, day, name, points, rows)
    SELECT 'movement', (created_at AT TIME ZONE 'Africa/Lagos')::date,
           CASE WHEN rose THEN 'up' ELSE 'down' END, 0, count(*)
    FROM new_rows GROUP BY 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_insert AFTER INSERT ON crm_loyalty_tier_movements
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_loyalty_sum_movements();

-- By the day that a reward was taken, also where it is given back later.
CREATE FUNCTION crm_loyalty_sum_rewards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO crm_loyalty_sum_changes (kind, day, name, points, rows)
        SELECT 'reward', (created_at AT TIME ZONE 'Africa/Lagos')::date,
               coalesce(reward_id::text, ''), sum(points), count(*)
        FROM new_rows GROUP BY 2, 3;
    ELSE
        INSERT INTO crm_loyalty_sum_changes (kind, day, name, points, rows)
        SELECT 'reward', (n.created_at AT TIME ZONE 'Africa/Lagos')::date,
               coalesce(n.reward_id::text, ''), -sum(n.points), -count(*)
        FROM old_rows o JOIN new_rows n USING (id)
        WHERE o.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL GROUP BY 2, 3;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_insert AFTER INSERT ON crm_redemptions REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_loyalty_sum_rewards();
CREATE TRIGGER sum_update AFTER UPDATE ON crm_redemptions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_loyalty_sum_rewards();

INSERT INTO crm_loyalty_sum_changes (kind, day, name, points, rows)
SELECT 'movement', (created_at AT TIME ZONE 'Africa/Lagos')::date,
       CASE WHEN rose THEN 'up' ELSE 'down' END, 0, count(*)
FROM crm_loyalty_tier_movements GROUP BY 2, 3
UNION ALL
SELECT 'reward', (created_at AT TIME ZONE 'Africa/Lagos')::date, coalesce(reward_id::text, ''),
       sum(points), count(*)
FROM crm_redemptions WHERE cancelled_at IS NULL GROUP BY 2, 3;
"""

COHORTS = """
-- Of the members registered in one quarter, how many earned anything in a later one. It takes
-- the whole ledger to count people, so a job does it at night and the page says when.
CREATE TABLE crm_loyalty_cohorts (
    cohort date NOT NULL,
    quarter date NOT NULL,
    registered bigint NOT NULL,
    earning bigint NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_crm_loyalty_cohorts PRIMARY KEY (cohort, quarter),
    CONSTRAINT ck_crm_loyalty_cohorts_earning CHECK (earning BETWEEN 0 AND registered)
);

CREATE FUNCTION crm_loyalty_count_cohorts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '128MB' AS $$
    DELETE FROM crm_loyalty_cohorts;
    WITH registered AS (
        SELECT date_trunc('quarter', registration_date)::date AS cohort, count(*) AS members
        FROM crm_patients WHERE merged_into_id IS NULL GROUP BY 1
    ), earned AS (
        SELECT DISTINCT coalesce(p.merged_into_id, p.id) AS id,
               date_trunc('quarter', t.created_at AT TIME ZONE 'Africa/Lagos')::date AS quarter
        FROM crm_loyalty_transactions t JOIN crm_patients p ON p.id = t.patient_id
        WHERE t.transaction_type = 'earned'
    ), active AS (
        SELECT date_trunc('quarter', p.registration_date)::date AS cohort, quarter,
               count(*) AS members
        FROM earned JOIN crm_patients p USING (id) GROUP BY 1, 2
    ), counted AS (
        INSERT INTO crm_loyalty_cohorts (cohort, quarter, registered, earning)
        SELECT r.cohort, q.quarter::date, r.members, coalesce(a.members, 0)
        FROM registered r
        CROSS JOIN LATERAL generate_series(
            r.cohort, date_trunc('quarter', crm_lagos_today()), interval '3 months') AS q (quarter)
        LEFT JOIN active a ON a.cohort = r.cohort AND a.quarter = q.quarter
        RETURNING 1
    )
    SELECT count(*) FROM counted
$$;
COMMENT ON FUNCTION crm_loyalty_count_cohorts IS 'Counts the retention anew; gives how many pairs';
REVOKE INSERT, UPDATE, DELETE ON crm_loyalty_cohorts FROM crm_app;
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(LISTS)
    op.execute(SUMS)
    op.execute(COHORTS)
