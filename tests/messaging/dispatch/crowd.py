"""Patients and messages by the thousand, written as a campaign writes them."""

import psycopg

from crm_core.generate import generate

PATIENTS = 1000

_TEMPLATE = """
    INSERT INTO crm_message_templates (name, channel, purpose, body)
    VALUES ('crowd', 'sms', 'reminder',
            'Dear {first_name}, your health check is due. Please call {hospital} to book it.')
"""
_BATCHES = """
    INSERT INTO crm_message_batches (channel, purpose, first_id, last_id, size, cursor_id,
                                     claimed_id)
    SELECT 'sms', 'reminder', %(first)s + n * 500, %(first)s + n * 500 + 499, 500,
           %(first)s + n * 500 - 1, %(first)s + n * 500 - 1
    FROM generate_series(0, %(messages)s / 500 - 1) AS n ORDER BY n RETURNING id
"""
_MESSAGES = """
    INSERT INTO crm_communication_logs (id, batch_id, recipient_type, recipient_id, template_id,
                                        channel, purpose, message_type)
    SELECT %(first)s + n, %(batch)s + n / 500, 'patient', p.ids[1 + n %% cardinality(p.ids)],
           t.id, 'sms', 'reminder', 'campaign'
    FROM (SELECT array_agg(id ORDER BY id) AS ids FROM (
              SELECT id FROM crm_patients ORDER BY id LIMIT 1000) AS few) AS p,
         (SELECT id FROM crm_message_templates WHERE name = 'crowd') AS t,
         generate_series(0, %(messages)s - 1) AS n
"""


def make_patients(owner_url: str) -> None:
    """Patients to write to, as the owner of the tables; who agreed to SMS all did."""
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "INSERT INTO crm_hospitals (name, city, state) VALUES ('Bench', 'Lagos', 'Lagos')"
        )
    generate(owner_url, patients=PATIENTS, transactions=PATIENTS, seed=1, say=lambda _: None)
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "UPDATE crm_patients SET status = 'active', communication_preferences ="
            " jsonb_build_object('sms', true, 'email', false, 'whatsapp', false, 'push', false)"
        )
        connection.execute(_TEMPLATE)


def make_messages(url: str, messages: int) -> None:
    """So many messages, a multiple of 500, in batches of 500; the texts are still open."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT coalesce(max(id), 0) + 1 FROM crm_communication_logs"
        ).fetchone()
        assert row is not None
        values = {"messages": messages, "first": row[0]}
        batch = connection.execute(_BATCHES, values).fetchone()
        assert batch is not None
        connection.execute(_MESSAGES, values | {"batch": batch[0]})
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('crm_communication_logs', 'id'), %s)",
            [values["first"] + messages],
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE crm_communication_logs, crm_message_batches")
