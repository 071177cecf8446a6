"""Signatures of what programs outside send us: right, changed, old, of another key."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.domain.signed_message import TOLERANCE, is_signed, read_key, sign
from dispatch.domain.title import WrongValue

KEY = b"k" * 32
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
BODY = b'{"event":"arrears"}'
RIGHT = sign(KEY, "1-1", NOW, BODY)
SECONDS = str(int(NOW.timestamp()))


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, tz=UTC)
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("others", ["", "v1,AAAA ", "v2,xyz "])
def test_a_right_signature_counts_also_among_others(others: str) -> None:
    assert is_signed(KEY, "1-1", SECONDS, others + RIGHT, BODY, NOW)


@pytest.mark.parametrize("by", [-TOLERANCE, timedelta(0), TOLERANCE])
def test_clocks_may_differ_by_five_minutes(by: timedelta) -> None:
    assert is_signed(KEY, "1-1", SECONDS, RIGHT, BODY, NOW + by)


@pytest.mark.parametrize(
    ("key", "message_id", "seconds", "signatures", "body", "late"),
    [
        (b"x" * 32, "1-1", SECONDS, RIGHT, BODY, 0),
        (KEY, "1-2", SECONDS, RIGHT, BODY, 0),
        (KEY, "1-1", str(int(SECONDS) + 1), RIGHT, BODY, 0),
        (KEY, "1-1", SECONDS, RIGHT, BODY + b" ", 0),
        (KEY, "1-1", SECONDS, "", BODY, 0),
        (KEY, "1-1", SECONDS, RIGHT.removeprefix("v1,"), BODY, 0),
        (KEY, "1-1", SECONDS, RIGHT, BODY, 301),
        (KEY, "1-1", SECONDS, RIGHT, BODY, -301),
        (KEY, "1-1", "", RIGHT, BODY, 0),
        (KEY, "1-1", "9" * 30, RIGHT, BODY, 0),
        (KEY, "1-1", "١", RIGHT, BODY, 0),
        (KEY, "一", SECONDS, RIGHT, BODY, 0),
        (KEY, "1-1", SECONDS, "v1,签名", BODY, 0),
    ],
)
def test_nothing_else_is_signed(
    key: bytes, message_id: str, seconds: str, signatures: str, body: bytes, late: int
) -> None:
    assert not is_signed(key, message_id, seconds, signatures, body, NOW + timedelta(seconds=late))


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_key_is_base64_with_or_without_its_prefix(size: int) -> None:
    written = base64.b64encode(b"k" * size).decode()
    assert read_key(f"whsec_{written}") == read_key(written) == b"k" * size


@pytest.mark.parametrize("wrong", ["", "whsec_", "secret", "whsec_" + base64.b64encode(b"k" * 23).decode(), "钥" * 40])
def test_what_is_no_key_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(WrongValue) as refused:
        read_key(wrong)
    assert not wrong or wrong == "whsec_" or wrong not in str(refused.value)
