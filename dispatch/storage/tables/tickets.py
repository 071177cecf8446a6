"""The tables of the fault flow. Constraints repeat the life tables, so the database refuses states they don't know."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from dispatch.domain.channel import CHANNELS
from dispatch.domain.ticket import HOP_ENDS, IN_HAND, LIVE_HOP, OFF_BOARD, ON_BOARD, TICKET_ENDS, HopState, TicketState
from dispatch.storage.column_types import Document, Id, Instant, metadata, partial_index, sql_list, words_constraint

rulebook = Table(
    "rulebook",
    metadata,
    Column("id", Id, primary_key=True),
    Column("version", String(12), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("in_force_from", Instant, nullable=False),
    Column("place", Integer),  # grows with each coming into force; null: an earlier release put it in force
)

rules_refused = Table(
    "rules_refused",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("faults", Text, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("area", String(40), nullable=False),  # the line's when it was reported; it never changes
    Column("customer_id", ForeignKey("customer.id"), index=True),  # likewise; null: unknown, or by an earlier release
    Column("address_id", ForeignKey("address.id")),  # likewise
    Column("channel", String(20), nullable=False),
    Column("symptom", String(40), nullable=False),
    Column("category", String(40), nullable=False),
    Column("description", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("script", Document, nullable=False),  # pre-handling: [[question, answer], …] as given
    Column("hops", Integer, nullable=False, server_default="0"),  # visits to people so far
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("urged", Integer, nullable=False, server_default="0"),
    Column("urged_at", Instant),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(40)),
    Column("request_key", String(120), unique=True),
    Column("transferred_at", Instant),  # from 10050 to 10086; null: never, or by a process of an earlier release
    Column("taken_by", String(80)),  # the 10086 agent who answers the call, for the lease since `taken_at`
    Column("taken_at", Instant),
    Column("hung_up_at", Instant),  # when the caller hung up before anybody answered: they are called back
    Column("suspension_kind", String(12)),  # what the line was suspended for when it was reported; null: for nothing
    Column("stored_at", Instant),  # since when its history and records are in the case store
    words_constraint("state", TicketState),
    words_constraint("channel", CHANNELS),
    CheckConstraint("priority BETWEEN 1 AND 4", name="priority_known"),
    CheckConstraint("description <> ''", name="described"),
    CheckConstraint(f"(state IN ({sql_list(sorted(TICKET_ENDS))})) = (ended_at IS NOT NULL)", name="ended"),
    Index("ix_ticket_account_id", "account_id", "id"),
    Index("ix_ticket_area", "area", "id"),
    Index("ix_ticket_made_at", "made_at", "area"),
    partial_index("ix_ticket_ended_at", "ended_at", "area", where="ended_at IS NOT NULL"),
    partial_index("ix_ticket_open", "id", "area", where="ended_at IS NULL"),
    partial_index("ix_ticket_transferred", "id", "area", where=f"state = '{TicketState.TRANSFERRED}'"),
    partial_index("ix_ticket_to_store", "ended_at", where="ended_at IS NOT NULL AND stored_at IS NULL"),
    postgresql_with={"fillfactor": 60},  # room on the page, for every hop updates the ticket
)

_PLACE = ("rank", "boarded_at", "id")

hop = Table(
    "hop",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("seq", Integer, nullable=False),  # the ticket's first, second … hop
    Column("team", String(40), nullable=False),
    Column("area", String(40), nullable=False),  # its ticket's
    Column("rank", Integer, nullable=False),  # its place on the board, the smallest first: `domain.rank`
    Column("state", String(12), nullable=False),
    Column("generation", Integer, nullable=False, server_default="0"),  # grows with every sending and every step
    Column(
        "steps_done", Integer, nullable=False, server_default="0"
    ),  # of its team's automatic stretch; not repeated after a crash
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failure", Text),  # the last failure's kind and place, no data
    Column("wake_at", Instant),  # when something must happen to it by itself
    Column("asked_by", ForeignKey("hop.id")),
    Column("rule", String(200), nullable=False),
    Column("facts", Document, nullable=False),  # the facts of the decision that made it
    Column("rulebook", ForeignKey("rulebook.version"), nullable=False),
    Column("found", Document),  # what the automatic stretch found out
    Column("assignee", String(80)),  # whom the worker proposes
    Column("holder", String(80)),
    Column("finding", String(40)),
    Column("evidence", Document),
    Column("reason", Text),
    Column("made_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("received_at", Instant),
    Column("boarded_at", Instant),
    Column("claimed_at", Instant),
    Column("held_at", Instant),
    Column("held_seconds", Float, nullable=False, server_default="0"),
    Column("ended_at", Instant),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("ticket_id", "seq"),
    words_constraint("state", HopState),
    CheckConstraint(f"(state IN ({sql_list(sorted(HOP_ENDS))})) = (ended_at IS NOT NULL)", name="ended"),
    CheckConstraint(
        "state NOT IN ('claimed', 'held') OR (holder IS NOT NULL AND claimed_at IS NOT NULL)", name="in_hand"
    ),
    CheckConstraint("state NOT IN ('due', 'sent', 'received', 'held') OR wake_at IS NOT NULL", name="wakes"),
    CheckConstraint("state <> 'held' OR held_at IS NOT NULL", name="held"),
    CheckConstraint("state <> 'reported' OR finding IS NOT NULL", name="found"),
    CheckConstraint("seq >= 1 AND generation >= 0 AND failures >= 0", name="counted"),
    partial_index("uq_hop_live", "ticket_id", unique=True, where=f"state IN ({sql_list(LIVE_HOP)})"),
    # By team, so that the backlog of one team slows no other.
    partial_index("ix_hop_off_board", "team", "wake_at", "state", "area", where=f"state IN ({sql_list(OFF_BOARD)})"),
    partial_index("ix_hop_quarantined", "id", "area", where=f"state = '{HopState.QUARANTINED}'"),
    partial_index("ix_hop_wake_at", "wake_at", where=f"wake_at IS NOT NULL AND state IN ({sql_list(ON_BOARD)})"),
    # A board is read page by page in the index's order, and counted from the index alone.
    partial_index("ix_hop_board", "team", *_PLACE, "state", "late", "area", where=f"state IN ({sql_list(ON_BOARD)})"),
    partial_index(
        "ix_hop_board_area", "team", "area", *_PLACE, "state", "late", where=f"state IN ({sql_list(ON_BOARD)})"
    ),
    partial_index(
        "ix_hop_in_hand", "team", *_PLACE, "holder", "state", "area", where=f"state IN ({sql_list(IN_HAND)})"
    ),
    Index("ix_hop_team", "team", "ticket_id", "area"),
)


def _among(states: Sequence[HopState]) -> ColumnElement[bool]:
    """The condition in the words of the partial index, which SQLite requires to use the index."""
    return hop.c.state.in_([literal_column(f"'{state}'") for state in states])


on_board, off_board = _among(ON_BOARD), _among(OFF_BOARD)
"""On a team's board; live elsewhere: on the way to the board, or in the quarantine."""
quarantined = hop.c.state == literal_column(f"'{HopState.QUARANTINED}'")
in_hand = _among(IN_HAND)
live = _among(LIVE_HOP)

history = Table(  # append-only: triggers refuse updates, and deletes except into the case store
    "history",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False, index=True),
    Column("hop_id", ForeignKey("hop.id")),
    Column("at", Instant, nullable=False),
    Column("act", String(20), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("on_behalf_of", String(80)),
    Column("detail", Document, nullable=False),
)

archive_record = Table(  # append-only like the history
    "archive_record",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("round", Integer, primary_key=True),  # 0, then one more for every reopening
    Column("archived_at", Instant, nullable=False),
    Column("content", Text, nullable=False),  # canonical JSON
    Column("sha256", String(64), nullable=False),
    Index("ix_archive_record_archived_at", "archived_at"),
)

stored_case = Table(  # 档案库: an old case's history and records; append-only for good
    "stored_case",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # see `storage.case_store`
)

survey = Table(
    "survey",
    metadata,
    Column("hop_id", ForeignKey("hop.id"), primary_key=True),
    Column("token", String(40), unique=True),  # in clear, for processes of an earlier release; null when none lives
    Column("mark", String(12)),  # of the epoch in which the token was made; null: before the first restore, or no token
    Column("answer", String(40)),  # a finding
    Column("answered_at", Instant),
    Column("fixed", Boolean),  # null: not answered, or by a process of an earlier release
    Column("grade", SmallInteger),  # 1 to 5, the best; null: none given
    Column("reasons", Document),  # why not more, of `domain.opinion.SurveyReason`
    Column("words", Text),
    Column("by", String(80)),  # the agent who was told; null: the customer by the link
    partial_index("ix_survey_graded", "grade", "answered_at", where="grade IS NOT NULL"),
    partial_index("ix_survey_answered_at", "answered_at", where="answered_at IS NOT NULL"),
)

survey_link = Table(  # a link to a survey in a customer's message; each sending that may be another has its own
    "survey_link",
    metadata,
    Column("secret", String(64), primary_key=True),  # hash of the token in the link
    Column("hop_id", ForeignKey("survey.hop_id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("mark", String(12)),  # of the epoch in which the attempt's first link was made; null: before a restore
    Index("ix_survey_link_attempt", "hop_id", "attempt"),
)

survey_attempt = Table(  # written before the question is sent; the receiver recognises a repetition by its key
    "survey_attempt",
    metadata,
    Column("hop_id", ForeignKey("survey.hop_id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
)

survey_call = Table(  # an agent calls a customer who answers no message
    "survey_call",
    metadata,
    Column("hop_id", ForeignKey("survey.hop_id"), primary_key=True),
    Column("call", Integer, primary_key=True),  # the first, second
    Column("at", Instant, nullable=False),
    Column("by", String(80), nullable=False),
)

retest = Table(  # 补测: a live hop whose line couldn't be tested; the row goes with the test, or with its hop's end
    "retest",
    metadata,
    Column("hop_id", ForeignKey("hop.id"), primary_key=True, autoincrement=False),
    Column("away_since", Instant, nullable=False),  # when its test was asked for first
    Column("tries", Integer, nullable=False, server_default="0"),  # since then; messages name it
    Column("unanswered", Integer, nullable=False, server_default="0"),  # the last of them: their worker said nothing
    Column("due_at", Instant, nullable=False, index=True),  # of the next try, or the end of the present one's lease
    CheckConstraint("tries >= 0 AND unanswered >= 0", name="counted"),
)

crew = Table(  # 班组人员: who can be proposed for a team's work in an area
    "crew",
    metadata,
    Column("team", String(40), primary_key=True),
    Column("person", String(80), primary_key=True),
    Column("area", String(40), primary_key=True),
)

process = Table(  # the heartbeat of a relay, worker or web process; its times are the database's
    "process",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("clock_ahead", Float),  # seconds before the database's clock; null: not measured
    Column("keys", Text),  # the ids of the keys that it has, parted by spaces; null: it has none
    Column("queues", Text),  # of a worker: its queues, parted by spaces; of a relay: all teams that it sends to
    Column("teams", Text),  # the teams in the rules file with which it started; null: of an earlier release
    Column("schema", String(12)),  # with which it works; null: of an earlier release
    Column("schema_at", Instant),  # when that was said; not the last sign of life: that was an earlier release's
    Column("older_seen_at", Instant),  # last sign of life of a process of the same name with an earlier schema
)

epoch = Table(  # one row: `base` raises all generations above those from before a restore
    "epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("base", Integer, nullable=False),
    Column("restored_at", Instant),
    CheckConstraint("id = 1", name="one"),
)

begun_epoch = Table(  # one row for each restore
    "begun_epoch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mark", String(12), nullable=False, unique=True),  # names the epoch's rows in keys that leave the house
    Column("begun_at", Instant, nullable=False),
    Column("first_ids", Document, nullable=False),  # by sequence, the first id that the epoch gives out
    sqlite_autoincrement=True,
)

APPEND_ONLY = (history, archive_record, stored_case)
