"""Whatever is acted, backed up and restored, in any order: no key and no number ever stands for two things.

The world outside forgets nothing: it keeps, for every key and number that it was ever told, what they stood for.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select

from dispatch import backup, effects
from dispatch.domain.numbers import invoice_number, slip_serial, ticket_number
from dispatch.storage import epoch, payments, survey_links, surveys
from dispatch.storage import operations as stored
from dispatch.storage.database import Tx
from dispatch.storage.survey_links import SurveyQuestion
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import construction
from tests import factories as f
from tests.strategies import RULEBOOK


class Desk(RuleBasedStateMachine):
    """A desk that is backed up and restored at will."""

    clock_runs = True

    @initialize()
    def begin(self) -> None:
        self.database = f.in_memory(RULEBOOK)
        self.now = f.NOW
        self.made = 0
        self.told: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.backups: list[bytes] = []

    def _tell(self, name: str, thing: str) -> None:
        """The outside hears a key or number."""
        stood_for = self.told.setdefault(name, thing)
        assert stood_for == thing, f"{name} stands for {stood_for} and {thing}"

    def _tell_number(self, number: str, thing: str) -> None:
        """People hear a number. With a clock that stands still, numbers come again: only marks need no clock."""
        if self.clock_runs:
            self._tell(number, thing)

    def _ask(self, tx: Tx, question: SurveyQuestion) -> None:
        """The gateway delivers the first message under a key, so the link in that one must lead to the question."""
        link = self.links.setdefault(question.key, question.token)
        found = survey_links.by_tokens(tx, [link]).get(link)
        assert found is not None, f"{question.key} was another question"
        assert found.hop_id == question.hop_id

    def _another(self, kind: str) -> str:
        self.made += 1
        return f"{kind} {self.made}"

    # -- acts --------------------------------------------------------------------------------------

    @rule()
    def open_a_fault(self) -> None:
        """A ticket with a hop, a survey of its customer, and a provisioning order."""
        thing = self._another("fault")
        ticket_id = f.order(self.database, RULEBOOK, f"GZ-{self.made}", self.now)
        hop_id = f.live_id(self.database, ticket_id)
        with self.database.write() as tx:
            surveys.open_surveys(tx, [hop_id], self.now)
            (question,) = survey_links.to_be_asked(tx, [hop_id], {})
            self._ask(tx, question)
            self._tell(construction.effect_keys(tx, [hop_id])[hop_id], thing)
        self._tell_number(ticket_number("construction", ticket_id), thing)
        self._tell(question.key, thing)

    @rule()
    def operate(self) -> None:
        """An operation with its slip, its invoice and a message."""
        thing = self._another("operation")
        with self.database.write() as tx:
            id_ = stored.begin(tx, "suspend", None, "x", f.CLERK, "天河", self.now)
            assert id_ is not None
            number = payments.next_number(tx, "invoice")
            effects.print_slip(tx, id_, self.now)
            effects.print_invoice(tx, number, self.now)
            effects.tell(tx, f"operation/{epoch.name(tx, epoch.OF_OPERATIONS, id_)}", "13800138000", thing, self.now)
            written = tx.execute(select(b.effect.c.key).order_by(b.effect.c.id.desc()).limit(3)).scalars()
            for key in written:
                self._tell(key, thing)
        self._tell_number(slip_serial(id_), thing)
        self._tell_number(invoice_number(number), thing)

    @rule()
    def ask_again(self) -> None:
        """Surveys and orders of hops that are there already: what a restored row is called outside."""
        with self.database.write() as tx:
            hops = tx.execute(select(t.survey.c.hop_id)).scalars().all()
            for question in survey_links.to_be_asked(tx, hops, {}):
                self._ask(tx, question)

    # -- time and disaster ---------------------------------------------------------------------------

    @rule(seconds=st.integers(1, 100_000))
    def let_time_pass(self, seconds: int) -> None:
        self.wait(seconds)

    def wait(self, seconds: int) -> None:
        if self.clock_runs:
            self.now += timedelta(seconds=seconds)

    @rule()
    def back_up(self) -> None:
        self.backups.append(f.image(self.database))

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """Restore any backup, on another machine: nothing of the present database is known there. It takes a minute."""
        image = self.backups[data.draw(st.integers(0, len(self.backups) - 1))]
        self.wait(60)
        note(f"restore at {self.now}")
        self.database.dispose()
        self.database = f.from_image(image)
        with self.database.write() as tx:
            backup.new_epoch(tx, self.now)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.dispose()


class DeskWithAStoppedClock(Desk):
    """Its machine thinks that it is always the same moment. What receivers recognise is still one of a kind."""

    clock_runs = False


Desk.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
DeskWithAStoppedClock.TestCase.settings = Desk.TestCase.settings
TestNoKeyAndNoNumberStandsForTwoThings = Desk.TestCase
TestNoKeyStandsForTwoThingsUnderAStoppedClock = DeskWithAStoppedClock.TestCase
