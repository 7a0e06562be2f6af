"""Seals cover a digest of what a line of the history holds, so that it can be forgotten by right."""

from alembic import op

revision = "2026_11_24_14"
down_revision = "2026_11_24_13"

# Every line that is here gets a salt of its own, as every later one does.
COLUMNS = """
ALTER FUNCTION crm_history_hash(crm_history) RENAME TO crm_history_hash_before;
ALTER TABLE crm_history
    ADD COLUMN salt uuid DEFAULT gen_random_uuid(),
    ADD COLUMN images_hash bytea,
    ADD COLUMN erasure_id bigint,
    ADD CONSTRAINT ck_crm_history_forgotten CHECK (CASE WHEN erasure_id IS NULL
        THEN salt IS NOT NULL AND images_hash IS NULL
        ELSE images_hash IS NOT NULL AND num_nonnulls(salt, before, after) = 0 AND why = '' END);
CREATE INDEX ix_crm_history_erasure_id ON crm_history (erasure_id) WHERE erasure_id IS NOT NULL;
"""

HASHES = """
CREATE FUNCTION crm_history_images(h crm_history) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(uuid_send(h.salt)
        || convert_to(jsonb_build_array(h.why, h.before, h.after)::text, 'UTF8'))
$$;
COMMENT ON FUNCTION crm_history_images IS
    'The digest that stays of what a line held; nobody tries likely values without the salt';

CREATE FUNCTION crm_history_hash(h crm_history) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        h.id, h.xact::text, extract(epoch FROM h.at)::text, h.who, h.request_id, h.table_name,
        h.record_id, h.action, encode(CASE WHEN h.erasure_id IS NULL THEN crm_history_images(h)
                                      ELSE h.images_hash END, 'hex'))::text, 'UTF8'))
$$;

CREATE FUNCTION crm_history_seal_hash(before bytea, hashes bytea, ids bigint[]) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(before || sha256(hashes || convert_to(array_to_string(ids, ','), 'UTF8'))
                  || convert_to(cardinality(ids)::text, 'UTF8'))
$$;
"""

# What was altered, removed or broken before stays named: only what is whole is sealed anew.
RESEAL = """
CREATE FUNCTION crm_history_reseal() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s crm_history_seals;
    fresh bytea;
    was bytea := decode(repeat('00', 32), 'hex');
    becomes bytea := was;
    whole boolean;
BEGIN
    FOR s IN SELECT * FROM crm_history_seals ORDER BY id LOOP
        SELECT coalesce(string_agg(CASE WHEN crm_history_hash_before(h) = r.sealed
                                   THEN crm_history_hash(h) ELSE r.sealed END, ''::bytea
                                   ORDER BY r.position), ''::bytea)
        INTO fresh
        FROM (SELECT u.id, u.position,
                     substring(s.row_hashes FROM u.position::int * 32 - 31 FOR 32) AS sealed
              FROM unnest(s.row_ids) WITH ORDINALITY AS u(id, position)) r
        LEFT JOIN crm_history h ON h.id = r.id;
        whole := s.previous = was
            AND s.hash = crm_history_seal_hash(s.previous, s.row_hashes, s.row_ids);
        was := s.hash;
        UPDATE crm_history_seals SET row_hashes = fresh,
            previous = CASE WHEN whole THEN becomes ELSE previous END,
            hash = CASE WHEN whole THEN crm_history_seal_hash(becomes, fresh, row_ids) ELSE hash END
        WHERE id = s.id RETURNING hash INTO becomes;
    END LOOP;
    INSERT INTO crm_history (who, why, request_id, table_name, action, after)
    SELECT 'sql:' || session_user, 'Seals cover digests from here on', '', 'crm_history_seals',
           'reseal', jsonb_build_object('head_before', encode(was, 'hex'),
                                        'head', encode(becomes, 'hex'))
    WHERE EXISTS (SELECT FROM crm_history_seals);
END $$;
ALTER TABLE crm_history_seals DISABLE TRIGGER append_only;
SELECT crm_history_reseal();
ALTER TABLE crm_history_seals ENABLE TRIGGER append_only;
DROP FUNCTION crm_history_reseal();
DROP FUNCTION crm_history_hash_before(crm_history);
"""

# What a line held may be emptied, and nothing else of it changed; only crm_history_forget asks.
GUARD = """
CREATE FUNCTION crm_history_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('crm.forgetting', true), '') = '' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION crm_history_only_forgets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erasure_id IS NOT NULL OR OLD.action = 'forget'
        OR NEW.erasure_id IS DISTINCT FROM current_setting('crm.forgetting')::bigint
        OR NEW.images_hash IS DISTINCT FROM crm_history_images(OLD)
        OR (NEW.id, NEW.xact, NEW.at, NEW.who, NEW.request_id, NEW.table_name, NEW.record_id,
            NEW.action) IS DISTINCT FROM (OLD.id, OLD.xact, OLD.at, OLD.who, OLD.request_id,
            OLD.table_name, OLD.record_id, OLD.action) THEN
        RAISE EXCEPTION 'crm_history is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER append_only ON crm_history;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON crm_history
    FOR EACH STATEMENT EXECUTE FUNCTION crm_refuse_change();
CREATE TRIGGER guard BEFORE UPDATE ON crm_history
    FOR EACH STATEMENT EXECUTE FUNCTION crm_history_guard();
CREATE TRIGGER only_forgets BEFORE UPDATE ON crm_history
    FOR EACH ROW EXECUTE FUNCTION crm_history_only_forgets();
"""

FORGET = """
-- A line says which ones were emptied, so that one emptied without it is found.
CREATE FUNCTION crm_history_forget(
    its_erasure bigint, tables text[], records bigint[], others bigint[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    forgotten bigint[];
BEGIN
    PERFORM set_config('crm.forgetting', its_erasure::text, true);
    WITH emptied AS (
        UPDATE crm_history h
        SET images_hash = crm_history_images(h), erasure_id = its_erasure, salt = NULL,
            before = NULL, after = NULL, why = ''
        FROM (SELECT f.id FROM unnest(tables, records) AS u(name, record)
              JOIN crm_history f ON f.table_name = u.name AND f.record_id = u.record
              UNION SELECT unnest(others)) AS its
        WHERE h.id = its.id AND h.erasure_id IS NULL AND h.action <> 'forget'
        RETURNING h.id
    )
    SELECT array_agg(id ORDER BY id) INTO forgotten FROM emptied;
    PERFORM set_config('crm.forgetting', '', true);
    INSERT INTO crm_history (who, why, request_id, table_name, record_id, action, after)
    SELECT coalesce(nullif(current_setting('crm.who', true), ''), 'sql:' || session_user), '',
           coalesce(current_setting('crm.request_id', true), ''), 'crm_erasures', its_erasure,
           'forget', jsonb_build_object('rows', forgotten)
    WHERE cardinality(forgotten) > 0;
    RETURN coalesce(cardinality(forgotten), 0);
END $$;
COMMENT ON FUNCTION crm_history_forget IS
    'Empties what the history holds of some records; who may is for whoever calls it to say';
REVOKE EXECUTE ON FUNCTION crm_history_forget(bigint, text[], bigint[], bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION crm_history_note(
    note_action text, note_table text, note_id bigint, detail jsonb)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO crm_history (who, why, request_id, table_name, record_id, action, after)
    VALUES (coalesce(nullif(current_setting('crm.who', true), ''), 'sql:' || session_user),
            coalesce(current_setting('crm.why', true), ''),
            coalesce(current_setting('crm.request_id', true), ''),
            note_table, note_id,
            CASE WHEN note_action IN ('insert', 'update', 'delete', 'forget', 'reseal')
                 THEN 'note' ELSE note_action END,
            detail)
$$;
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    for part in (COLUMNS, HASHES, RESEAL, GUARD, FORGET):
        op.execute(part)
