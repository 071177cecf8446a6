"""The links of surveys: no token in clear, and each link that a customer may hold leads to its survey."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Table, select, text, update

from dispatch.domain.secret import hashed
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import clock, epoch, heartbeats, survey_links, surveys
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.storage.survey_links import SurveyQuestion
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing
from tests import factories as f

OLD_TOKEN = "JbXrTAEHc6JG-cIFJ9_old"


@pytest.fixture
def asked(database: Database, in_force: Rulebook, script: Script) -> int:
    """The hop whose customer is to be asked."""
    ticket_id = f.fault(database, in_force, script).ticket_id
    return f.live_id(database, ticket_id)


def question(database: Database, hop_id: int) -> SurveyQuestion:
    """Open the survey if there is none, and return what is to be sent."""
    with database.write() as tx:
        surveys.open_surveys(tx, [hop_id], f.NOW)
        (found,) = survey_links.to_be_asked(tx, [hop_id], {})
    return found


def leads_to(database: Database, token: str) -> int | None:
    """The hop whose survey has this link."""
    with database.read() as tx:
        found = survey_links.by_tokens(tx, [token]).get(token)
    return None if found is None else found.hop_id


def held(database: Database, table: Table) -> str:
    with database.read() as tx:
        return str(tx.execute(select(table)).all())


def a_process_lives(database: Database, schema: str | None) -> None:
    with database.write() as tx:
        tx.execute(t.process.delete())
        heartbeats.beat(tx, "worker1@here", "worker", f.NOW, clock.database_time(tx))
        tx.execute(update(t.process).values(schema=schema))


def older_lives(database: Database) -> bool:
    with database.read() as tx:
        return heartbeats.an_older_one_lives(tx)


def test_a_process_of_the_release_before_is_seen_beside_one_of_this_release_with_the_same_name(
    database: Database,
) -> None:
    a_process_lives(database, SCHEMA)
    assert not older_lives(database)
    with database.write() as tx:  # it knows no other columns
        tx.execute(update(t.process).values(seen_at=clock.database_time(tx) + timedelta(seconds=1)))
    assert older_lives(database)
    with database.write() as tx:
        heartbeats.beat(tx, "worker1@here", "worker", f.NOW, clock.database_time(tx) + timedelta(seconds=2))
    assert older_lives(database)
    with database.write() as tx:
        tx.execute(update(t.process).values(older_seen_at=f.NOW))
    assert not older_lives(database)


def test_the_database_holds_the_hash_of_a_links_token_and_never_the_token(database: Database, asked: int) -> None:
    made = question(database, asked)
    assert leads_to(database, made.token) == asked
    assert leads_to(database, hashed(made.token)) is None
    assert made.token not in "".join(held(database, table) for table in t.survey.metadata.sorted_tables)
    assert hashed(made.token) in held(database, t.survey_link)


def test_a_token_that_this_process_still_knows_is_sent_again_and_one_of_another_database_isnt(
    database: Database, asked: int
) -> None:
    made = question(database, asked)
    with database.write() as tx:
        (again,) = survey_links.to_be_asked(tx, [asked], {(asked, 1): made.token})
        (another,) = survey_links.to_be_asked(tx, [asked], {(asked, 1): "of-another-database"})
    assert again == made
    assert another.token not in {made.token, "of-another-database"}
    assert [leads_to(database, token) for token in (made.token, another.token)] == [asked, asked]


def test_a_link_made_before_a_restore_keeps_its_key_and_one_made_after_it_has_another(
    database: Database, asked: int
) -> None:
    with database.write() as tx:
        surveys.open_surveys(tx, [asked], f.NOW)
    early = question(database, asked)
    with database.write() as tx:
        begun = epoch.begin(tx, f.NOW)
    late = question(database, asked)
    assert early.key == late.key == f"survey/{asked}/1"  # the gateway may have it already
    with database.write() as tx:
        tx.execute(t.survey_link.delete())  # as if the backup had been made before the link
    assert question(database, asked).key == f"survey/{begun.mark}-{asked}/1"


def test_while_a_process_of_the_release_before_lives_it_can_send_and_find_every_link(
    database: Database, asked: int
) -> None:
    a_process_lives(database, None)
    made = question(database, asked)
    with database.read() as tx:
        assert tx.execute(text("SELECT token FROM survey")).scalars().all() == [made.token]
    assert question(database, asked) == made
    assert leads_to(database, made.token) == asked


def test_tokens_of_the_release_before_are_hashed_once_none_of_its_processes_lives_and_their_links_go_on(
    database: Database, in_force: Rulebook, asked: int
) -> None:
    a_process_lives(database, "0016")
    made = question(database, asked)
    with database.write() as tx:
        assert survey_links.hash_tokens(tx, 10) == 0
    a_process_lives(database, SCHEMA)
    with database.write() as tx:
        assert survey_links.hash_tokens(tx, 10) == 1
        assert survey_links.hash_tokens(tx, 10) == 0
    assert made.token not in held(database, t.survey)
    assert leads_to(database, made.token) == asked
    assert question(database, asked).key == made.key  # the old process may have sent it


def test_a_customer_answers_by_a_link_that_the_release_before_sent(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    ticket_id = f.fault(database, in_force, script).ticket_id
    hop_id = f.archived(database, in_force, ticket_id)
    with database.write() as tx:
        tx.execute(update(t.survey).values(token=OLD_TOKEN))
    assert leads_to(database, OLD_TOKEN) == hop_id
    with database.write() as tx:
        assert survey_links.hash_tokens(tx, 10) == 1
    with database.write() as tx:
        closing.answer(tx, in_force, OLD_TOKEN, "satisfied", f.NOW)
    assert f.ticket(database, ticket_id).state == "closed"


def test_the_migration_keeps_old_tokens_and_lets_old_programs_write_new_ones(database: Database, asked: int) -> None:
    a_process_lives(database, None)
    made = question(database, asked)
    with database.write() as tx:
        tx.execute(update(t.survey).values(token=None))
    migrate(database, "0016")
    with database.write() as tx:
        (filled,) = tx.execute(text("SELECT token FROM survey")).scalars()
        assert len(filled) > 20
        tx.execute(text("UPDATE survey SET token = :token"), {"token": made.token})
    migrate(database)
    assert leads_to(database, made.token) == asked
    with database.write() as tx:
        tx.execute(text("DELETE FROM survey_attempt"))
        tx.execute(text("DELETE FROM survey"))
        old = {"hop_id": asked, "token": OLD_TOKEN, "mark": None}
        tx.execute(text("INSERT INTO survey (hop_id, token, mark) VALUES (:hop_id, :token, :mark)"), old)
    assert leads_to(database, OLD_TOKEN) == asked
