"""签名: a slip is signed once, by a picture within half an hour or on paper; what is printed is what was signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from dispatch.accounts import opening, resumption, signing, suspension, transfer
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.accounts.signing import Signed
from dispatch.domain.roles import Actor, Role
from dispatch.errors import (
    AlreadySigned,
    BadInput,
    BadSignature,
    NobodySigns,
    NotAllowed,
    SignatureBroken,
    SigningOver,
    SlipDiffers,
)
from dispatch.routing.rulebook import Rulebook
from dispatch.slips.forms import THE_CUSTOMER, DrawnSignature, SlipData
from dispatch.storage import operations
from dispatch.storage.database import Database
from dispatch.storage.operation_rows import SlipRow
from dispatch.storage.signatures import SignatureRow
from dispatch.storage.tables.signatures import signature
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.agents import HANDLED, agent, scans
from tests.accounts.test_suspension import by_us
from tests.accounts.test_transfer import papers, transferring
from tests.signature_samples import EMPTY, SIGNATURE


@pytest.fixture
def database(rulebook: Rulebook) -> Iterator[Database]:
    """The SQL is the same on either database, but for the insert, which a test of the web makes on both."""
    made = f.in_memory(rulebook)
    yield made
    made.dispose()


@pytest.fixture
def counter(rulebook: Rulebook) -> Counter:
    return c.counter(rulebook)


@pytest.fixture
def slip(database: Database, counter: Counter) -> SlipRow:
    """The slip of an opening."""
    c.opened(database, counter)
    return of(database, 1)


def of(database: Database, operation_id: int) -> SlipRow:
    with database.read() as tx:
        found = operations.slip_paper(tx, operation_id)
    assert found is not None
    return found


def sign(
    database: Database, counter: Counter, slip: SlipRow, png: bytes | None = SIGNATURE, **given: Any
) -> SignatureRow:
    signed = Signed(given.get("who", "holder"), given.get("slip_sha256", signing.slip_hash(slip.content)), png)
    with database.write() as tx:
        return signing.sign(tx, counter.cipher, slip, signed, given.get("actor", f.CLERK), given.get("now", slip.at))


def drawn(database: Database, counter: Counter, slip: SlipRow) -> DrawnSignature | None:
    with database.read() as tx:
        return signing.drawn(tx, lambda: counter.cipher, slip)


def test_a_drawn_signature_is_kept_encrypted_with_its_hash_the_slips_hash_and_the_time(
    database: Database, counter: Counter, slip: SlipRow
) -> None:
    at = slip.at + timedelta(minutes=4)

    row = sign(database, counter, slip, now=at)

    digest = hashlib.sha256(SIGNATURE).hexdigest()
    assert (row.who, row.sha256, row.at, row.taken_by) == ("holder", digest, at, f.CLERK.name)
    assert row.slip_sha256 == hashlib.sha256(slip.content.encode()).hexdigest()
    assert row.png is not None
    assert SIGNATURE[:16] not in row.png
    shown = drawn(database, counter, slip)
    assert shown is not None
    assert (shown.who, shown.png, shown.sha256, shown.at) == ("holder", SIGNATURE, digest, at)


def test_a_slip_is_signed_once_by_a_picture_or_on_paper(database: Database, counter: Counter, slip: SlipRow) -> None:
    sign(database, counter, slip)
    for png in (SIGNATURE, None):
        with pytest.raises(AlreadySigned):
            sign(database, counter, slip, png)
    assert len(c.rows(database, signature)) == 1


def test_half_an_hour_after_the_operation_only_the_paper_is_signed(
    database: Database, counter: Counter, slip: SlipRow
) -> None:
    late = slip.at + timedelta(minutes=30, seconds=1)
    with pytest.raises(SigningOver, match="older than 30 minutes"):
        sign(database, counter, slip, now=late)

    row = sign(database, counter, slip, None, now=late)

    assert (row.png, row.sha256) == (None, None)
    assert drawn(database, counter, slip) is None


def test_the_last_moment_of_the_half_hour_still_counts(database: Database, counter: Counter, slip: SlipRow) -> None:
    assert sign(database, counter, slip, now=slip.at + timedelta(minutes=30)).sha256


@pytest.mark.parametrize(("png", "why"), [(EMPTY, "empty"), (b"%PDF-1.7", "no PNG"), (SIGNATURE[:-9], "damaged")])
def test_a_picture_that_is_no_signature_is_refused_and_the_slip_stays_unsigned(
    database: Database, counter: Counter, slip: SlipRow, png: bytes, why: str
) -> None:
    with pytest.raises(BadSignature, match=why):
        sign(database, counter, slip, png)
    assert c.rows(database, signature) == []


def test_the_slip_must_be_the_one_that_was_read(database: Database, counter: Counter, slip: SlipRow) -> None:
    with pytest.raises(SlipDiffers):
        sign(database, counter, slip, slip_sha256="0" * 64)


def test_nobody_signs_who_is_not_on_the_slip(database: Database, counter: Counter, slip: SlipRow) -> None:
    with pytest.raises(BadInput, match="choose from holder"):
        sign(database, counter, slip, who="new-owner")


def test_only_roles_of_the_counter_take_a_signature(database: Database, counter: Counter, slip: SlipRow) -> None:
    for role in {*Role} - {Role.CLERK, Role.COMMUNITY_MANAGER, Role.SUPERVISOR}:
        with pytest.raises(NotAllowed):
            sign(database, counter, slip, actor=Actor("x", role))


def _other_slip(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("DROP TRIGGER slip_no_update"))
        tx.execute(text("UPDATE slip SET content = replace(content, '天河', '越秀')"))


def _other_picture(database: Database) -> None:
    with database.write() as tx:
        tx.execute(update(signature).values(sha256="0" * 64))


@pytest.mark.parametrize("tamper", [_other_slip, _other_picture])
def test_a_slip_or_picture_that_was_changed_later_is_not_printed(
    database: Database, counter: Counter, slip: SlipRow, tamper: Callable[[Database], None]
) -> None:
    sign(database, counter, slip)
    tamper(database)
    with pytest.raises(SignatureBroken):
        drawn(database, counter, of(database, slip.operation_id))


# -- who signs -------------------------------------------------------------------------------------


def signers(database: Database, done: OperationAccepted) -> list[tuple[str, str]]:
    return [(each.who, each.title.zh) for each in c.slip(database, done).signers]


def test_the_customer_signs_and_where_an_agent_stands_there_the_agent(database: Database, counter: Counter) -> None:
    c.address(database, 1)
    alone = c.accepted(database, opening.open_account, counter, c.application(1))
    assert signers(database, alone) == [("holder", "客户签名")]

    c.address(database, 2)
    by_agent = c.application(2, holder=c.unit(2), agent=agent(), scans=scans(*HANDLED))
    done = c.accepted(database, opening.open_account, counter, by_agent)
    assert signers(database, done) == [("agent", "经办人签名")]
    with pytest.raises(BadInput, match="choose from agent"):
        sign(database, counter, of(database, done.operation_id))
    assert sign(database, counter, of(database, done.operation_id), who="agent").who == "agent"


def test_both_owners_sign_a_transfer_each_by_themselves_or_by_their_agent(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    asked = transferring(number, new_owner=c.unit(2), new_owner_agent=agent(), scans=papers(*HANDLED))

    done = c.accepted(database, transfer.transfer, counter, asked)

    assert signers(database, done) == [("holder", "原机主签名"), ("new-owner-agent", "新机主经办人签名")]


@pytest.mark.parametrize("reason", ["official-order", "abuse", "real-name", "arrears"])
def test_what_the_operator_does_by_itself_has_no_place_for_a_customers_signature(
    database: Database, counter: Counter, reason: str
) -> None:
    number = c.in_service(database, counter)
    actor = f.CLERK if reason == "real-name" else f.SUPERVISOR

    done = c.accepted(database, suspension.suspend, counter, by_us(number, reason), actor=actor)

    assert signers(database, done) == []
    for png in (SIGNATURE, None):
        with pytest.raises(NobodySigns):
            sign(database, counter, of(database, done.operation_id), png)


def test_who_reports_a_loss_by_telephone_signs_nothing_and_who_comes_does(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    by_phone = c.accepted(database, suspension.suspend, counter, c.lost(number), actor=f.AGENT_10086)
    found = c.accepted(database, resumption.resume, counter, c.found_again(number))
    assert (signers(database, by_phone), signers(database, found)) == ([], [("holder", "客户签名")])


def test_most_slips_say_nothing_of_their_signers_as_slips_of_the_release_before(slip: SlipRow) -> None:
    assert "signers" not in slip.content
    assert SlipData.from_json(slip.content).signers == (THE_CUSTOMER,)
