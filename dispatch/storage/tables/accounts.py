"""The tables of the books 账册: customers, accounts, access resources, money, operations and outside effects.

Identity numbers are stored as ciphertext with a blind index, passwords as hashes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dispatch.domain.account import ACCOUNT_ENDS, AccountState
from dispatch.domain.account_move import MOVE_ENDS, MoveState
from dispatch.domain.approval import DECISIONS
from dispatch.domain.demand import DEMAND_ENDS, DemandState
from dispatch.domain.effect import EFFECT_ENDS, EffectState, Port
from dispatch.domain.payment import METHODS, WITHOUT_REFERENCE
from dispatch.domain.plan_change import PLAN_CHANGE_ENDS, PlanChangeState
from dispatch.domain.suspension import SuspensionKind
from dispatch.storage.column_types import (
    Document,
    Id,
    Instant,
    ascii_lower,
    metadata,
    partial_index,
    sql_list,
    words_constraint,
)

customer = Table(
    "customer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("document_kind", String(40), nullable=False),
    Column("document_number", Text, nullable=False),  # ciphertext, bound to this table, column and row
    Column("document_index", String(64), nullable=False),  # blind index: HMAC of kind, number and issuing country
    Column("document_expires", Date),  # null: valid for good 长期
    Column("issuing_country", String(3)),  # of a passport; null: none, or not asked yet
    Column("birth", Text),  # ciphertext; null: the document's number tells it, or it wasn't asked
    Column("mobile", String(20), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("document_index"),
)

pon_port = Table(  # an access resource 接入资源: an OLT's port, which `capacity` subscribers share
    "pon_port",
    metadata,
    Column("id", Id, primary_key=True),
    Column("area", String(40), nullable=False),
    Column("olt", String(60), nullable=False),
    Column("port", String(20), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("used", Integer, nullable=False, server_default="0"),
    UniqueConstraint("olt", "port"),
    CheckConstraint("used BETWEEN 0 AND capacity", name="used_fits"),
)

address = Table(  # a standard address 标准地址; without a port no line reaches it
    "address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("text", String(120), nullable=False, unique=True),
    Column("key", String(240), index=True),  # as addresses are compared; null: entered by an earlier release
    Column("area", String(40), nullable=False),
    Column("pon_port_id", ForeignKey("pon_port.id"), index=True),
)

_ENDED = f"state IN ({sql_list(sorted(ACCOUNT_ENDS))})"
_LIVING = text(f"state NOT IN ({sql_list(sorted(ACCOUNT_ENDS))})")

account = Table(  # a broadband account 宽带账号; one taken over from elsewhere may have no customer and address
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("customer_id", ForeignKey("customer.id"), index=True),
    Column("address_id", ForeignKey("address.id")),
    Column("pon_port_id", ForeignKey("pon_port.id"), index=True),  # it occupies a place of the port while it lives
    Column("area", String(40), nullable=False),
    Column("mobile", String(20), nullable=False, index=True),
    Column("password", String(200)),  # argon2 hash
    Column("suspended_for", String(40)),
    Column("ended_for", String(40)),
    Column("ended_at", Instant),
    Column("added_at", Instant, nullable=False),
    Column("added_by", String(80), nullable=False),
    Column("twin", Id, nullable=False, server_default="0"),  # not 0: another name differs in case alone, of earlier
    words_constraint("state", AccountState),
    CheckConstraint("(state = 'suspended') = (suspended_for IS NOT NULL)", name="suspended"),
    CheckConstraint(f"({_ENDED}) = (ended_at IS NOT NULL)", name="ended"),
    Index("uq_account_number_living", "number", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
    Index("ix_account_number", "number"),
    Index("uq_account_address_living", "address_id", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
)

Index("ix_account_name", ascii_lower(account.c.number))
Index(  # names of living accounts that differ only in case are one
    "uq_account_name_living",
    ascii_lower(account.c.number),
    account.c.twin,
    unique=True,
    sqlite_where=_LIVING,
    postgresql_where=_LIVING,
)

account_alias = Table(  # a former name of a living account, by which it is found for a while after its renaming
    "account_alias",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant, nullable=False, index=True),
)
Index("uq_account_alias_name", ascii_lower(account_alias.c.name), unique=True)

operation = Table(  # 业务受理: an account operation, done or refused; it never changes after its transaction
    "operation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("request_key", String(120), unique=True),
    Column("fingerprint", String(64), nullable=False),  # keyed hash of the request; a repetition must have the same
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("outlet", String(60), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("code", String(40)),
    Column("reason", Text),
    Column("result", Document, nullable=False),
    words_constraint("outcome", ("pending", "accepted", "refused")),  # pending: only inside its own transaction
    CheckConstraint("(outcome = 'refused') = (code IS NOT NULL AND reason IS NOT NULL)", name="refused"),
)

slip = Table(  # 业务受理单: an operation's slip; its serial is the operation's id. Append-only
    "slip",
    metadata,
    Column("operation_id", ForeignKey("operation.id"), primary_key=True),
    Column("content", Text, nullable=False),  # canonical JSON: what is printed, the same each time
)

WAITING_DEMAND = text(f"state NOT IN ({sql_list(sorted(DEMAND_ENDS))})")
"""The condition of the unique index of demands, as an insert that meets it must repeat it."""

demand = Table(  # 需求登记: somebody wants a line where none can be had; a mobile number asks once for an address
    "demand",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),  # the first in which it was asked
    Column("area", String(40), nullable=False),  # empty: 未定片区, the address isn't a standard one
    Column("address", String(120), nullable=False),  # as it was typed
    Column("contact", String(60), nullable=False),  # empty, as `mobile`: erased
    Column("mobile", String(20), nullable=False),
    Column("speed", Integer, nullable=False),  # Mbit/s, the highest that was asked
    Column("at", Instant, nullable=False),
    Column("address_key", Text, index=True),  # folded; null: written by a release that folds none, until the relay does
    Column("address_id", ForeignKey("address.id"), index=True),  # the standard address that it means; null: none known
    Column("asked", Integer, nullable=False, server_default="1"),  # times
    Column("last_at", Instant),  # when it was last asked; null as `address_key`
    Column("told_at", Instant),
    Column("next_at", Instant),  # when the relay looks whose turn it is at its port
    Column("state", String(12), nullable=False, server_default="open"),
    Column("ended_for", String(12)),
    Column("note", Text, nullable=False, server_default=text("''")),
    words_constraint("state", DemandState),
    CheckConstraint(f"(state IN ({sql_list(sorted(DEMAND_ENDS))})) = (ended_for IS NOT NULL)", name="ended"),
    Index(
        "uq_demand_waiting",
        "mobile",
        "address_key",
        unique=True,
        sqlite_where=WAITING_DEMAND,
        postgresql_where=WAITING_DEMAND,
    ),
    partial_index("ix_demand_next_at", "next_at", where="next_at IS NOT NULL"),
    partial_index("ix_demand_to_erase", "last_at", where="mobile <> ''"),
)

payment = Table(  # append-only; a refund is a payment too
    "payment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("method", String(12), nullable=False),
    Column("amount", BigInteger, nullable=False),  # fen
    Column("reference", String(60)),  # of the transaction; null: the method has none
    Column("refunds", ForeignKey("payment.id"), index=True),  # null: a charge, or a bank transfer that refunds none
    Column("at", Instant, nullable=False),
    Column("twin", Id, nullable=False, server_default="0"),  # not 0: another has this reference too, of earlier
    words_constraint("kind", ("charge", "refund")),
    words_constraint("method", METHODS),
    CheckConstraint("amount > 0", name="positive"),
    CheckConstraint(
        "CASE kind WHEN 'charge' THEN refunds IS NULL ELSE refunds IS NOT NULL OR method = 'bank' END",
        name="refund_of_a_charge",
    ),
    CheckConstraint(
        f"kind = 'refund' OR (method IN ({sql_list(sorted(WITHOUT_REFERENCE))})) = (reference IS NULL)",
        name="has_its_reference",
    ),
    partial_index(
        "uq_payment_reference",
        "method",
        "reference",
        "twin",
        where="kind = 'charge' AND reference IS NOT NULL",
        unique=True,
    ),
)

number_series = Table(  # numbers without gaps, taken inside the transaction that uses them
    "number_series",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

invoice = Table(  # 发票; a red-letter invoice 红字发票 offsets one that is taken back
    "invoice",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),  # fen; negative on a red-letter invoice
    Column("offsets", ForeignKey("invoice.number"), index=True),  # in whole or in part
    Column("content", Text, nullable=False),  # canonical JSON: what is printed
    Column("at", Instant, nullable=False),
    CheckConstraint("(amount < 0) = (offsets IS NOT NULL) AND amount <> 0", name="red_offsets_black"),
)

enrolment = Table(  # an account's enrolment in a marketing plan 营销案
    "enrolment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("plan", String(40)),  # null: a monthly fee alone, after a plan was voided
    Column("plans_version", String(12), nullable=False),
    Column("terms", Document, nullable=False),  # the plan's terms at that time
    Column("mobile", String(20)),  # the bound number that carries the plan
    Column("from_at", Instant, nullable=False),
    Column("until", Date),  # the first day after the plan's term
    Column("ended_at", Instant),
    Column("ended_for", String(40)),
    CheckConstraint("(ended_at IS NULL) = (ended_for IS NULL)", name="ended"),
    Index(
        "uq_enrolment_in_force",
        "account_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    partial_index("ix_enrolment_term", "until", where="ended_at IS NULL AND until IS NOT NULL"),
)

_SCHEDULED = f"state NOT IN ({sql_list(sorted(PLAN_CHANGE_ENDS))})"

plan_change = Table(  # 变更营销案: a change that was accepted; an account has at most one that is scheduled
    "plan_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("plan", String(40), nullable=False),
    Column("plans_version", String(12), nullable=False),
    Column("terms", Document, nullable=False),  # the plan's terms at that time
    Column("mobile", String(20)),  # the bound number that will carry the plan
    Column("at", Instant, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("state", String(12), nullable=False),
    Column("why", String(40)),  # it never took effect; null: it did, or is still to come
    Column("ended_at", Instant),
    words_constraint("state", PlanChangeState),
    CheckConstraint(f"({_SCHEDULED}) = (ended_at IS NULL)", name="ended"),
    partial_index("uq_plan_change_scheduled", "account_id", where=_SCHEDULED, unique=True),
    partial_index("ix_plan_change_due", "effective_on", where=_SCHEDULED),
)

_UNFINISHED = f"state NOT IN ({sql_list(sorted(MOVE_ENDS))})"

account_move = Table(  # 移机: an account on its way to another address; both places are taken
    "account_move",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("to_address", ForeignKey("address.id"), nullable=False),
    Column("to_port", ForeignKey("pon_port.id"), nullable=False),
    Column("order_id", ForeignKey("ticket.id"), nullable=False, unique=True),
    Column(
        "voids", Document
    ),  # the enrolment that takes the place of a plan that isn't sold there; null: the plan stays
    Column("state", String(12), nullable=False),
    words_constraint("state", MoveState),
    partial_index("uq_account_move_unfinished", "account_id", where=_UNFINISHED, unique=True),
    partial_index("uq_account_move_address", "to_address", where="state = 'open'", unique=True),
)

binding = Table(  # 宽带与手机号码绑定: a mobile number is bound to an account for a time
    "binding",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("mobile", String(20), nullable=False, index=True),
    Column("from_at", Instant, nullable=False),
    Column("until", Instant),
    Column("added_by", ForeignKey("operation.id"), nullable=False),
    Column("ended_by", ForeignKey("operation.id")),
    CheckConstraint("(until IS NULL) = (ended_by IS NULL)", name="ended"),
    Index(
        "uq_binding_mobile_valid",
        "mobile",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
)

suspension = Table(  # 停机: why an account's service is stopped; several kinds overlap, each is open once at most
    "suspension",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("until", Instant),  # of a pause; null: open-ended
    Column("fee", BigInteger, nullable=False, server_default="0"),  # fen, paid in advance for the whole pause
    Column("authority", String(60)),
    Column("reference", String(60)),  # of the order, the notice or the bill
    Column("wake_at", Instant),  # when the relay begins or ends it
    Column("set_by", ForeignKey("operation.id")),  # null: the system, or a release that had no such rows
    Column("lifted_by", ForeignKey("operation.id")),  # null: the system
    Column("lifted_at", Instant),
    Column("lifted_for", String(40)),
    Column("settled_by", String(60)),  # reference of what settled it
    words_constraint("kind", SuspensionKind),
    CheckConstraint("(lifted_at IS NULL) = (lifted_for IS NULL)", name="lifted"),
    CheckConstraint("lifted_at IS NULL OR wake_at IS NULL", name="sleeps"),
    CheckConstraint("fee >= 0", name="fee_is_no_gift"),
    partial_index("uq_suspension_open", "account_id", "kind", where="lifted_at IS NULL", unique=True),
    partial_index("ix_suspension_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)

kept_document = Table(  # 存留资料: a scan, encrypted and bound to this table, column and row
    "kept_document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # of the scan in clear
    Column("content", LargeBinary, nullable=False),
)

authentication_failure = Table(  # 鉴权失败: counted to stop guessing
    "authentication_failure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id")),
    Column("actor", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_authentication_failure_account", "account_id", "at"),
    Index("ix_authentication_failure_actor", "actor", "at"),
)

approval = Table(  # 主管批准: somebody asks, a supervisor decides, and the asker's act cites it, once
    "approval",
    metadata,
    Column("id", Id, primary_key=True),
    Column("act", String(40), nullable=False),
    Column("subject", String(80), nullable=False),  # as account/12: it counts for nothing else
    Column("area", String(40), nullable=False),
    Column("fen", BigInteger),  # the most that it is about; null: no money
    Column("asked_by", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", String(80)),
    Column("outcome", String(12)),
    Column("at", Instant),  # of the decision
    Column("used_by", String(80)),  # as operation/17; one act uses one approval of a kind
    words_constraint("outcome", DECISIONS),
    UniqueConstraint("used_by", "act"),
    CheckConstraint("(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (at IS NULL)", name="decided"),
    CheckConstraint("decided_by <> asked_by", name="by_another"),
    CheckConstraint("used_by IS NULL OR outcome = 'approved'", name="used_when_approved"),
    partial_index("ix_approval_waiting", "asked_at", where="outcome IS NULL"),
)

proof = Table(  # 验证码: a code that was sent to a mobile number, for one purpose; both as keyed hashes
    "proof",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mobile_index", String(64), nullable=False),
    Column("purpose", String(40), nullable=False),  # the operation that it is for
    Column("account_id", ForeignKey("account.id")),  # none yet, for an opening
    Column("actor", String(80), nullable=False),  # who had it sent
    Column("code_hmac", String(64), nullable=False),
    Column("source", String(60)),  # of its message, as operation/17
    Column("made_at", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("used_by", ForeignKey("operation.id"), unique=True),
    Index("ix_proof_mobile_index", "mobile_index", "made_at"),
    Index("ix_proof_actor", "actor", "made_at"),
)

port_answer = Table(  # what a system outside answered before an act's transaction, which cites it by its id
    "port_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("port", String(20), nullable=False),
    Column("question_hash", String(64), nullable=False),  # keyed hash: a question may have a document's number in it
    Column("answer", Document),  # null: it was out of reach
    Column("asked_at", Instant, nullable=False, index=True),
)

audit = Table(  # append-only: who saw masked data in clear, or changed users, and why
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("act", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("reason", Text, nullable=False),
)

effect = Table(  # 外部动作: an outside effect, in its own outbox like a hop
    "effect",
    metadata,
    Column("id", Id, primary_key=True),
    Column("port", String(20), nullable=False),
    Column("key", String(120), nullable=False, unique=True),  # the receiver recognises repetitions by it
    Column("lane", String(60)),  # effects of one lane leave one after the other, by id
    Column("payload", Document, nullable=False),
    Column("state", String(12), nullable=False),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failure", Text),  # the last failure's kind, no data
    Column("wake_at", Instant),
    Column("made_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("forgotten_at", Instant),  # since when the payload is empty
    words_constraint("port", Port),
    words_constraint("state", EffectState),
    CheckConstraint(f"(state IN ({sql_list(sorted(EFFECT_ENDS))})) = (confirmed_at IS NOT NULL)", name="confirmed"),
    CheckConstraint("state NOT IN ('due', 'sent', 'received') OR wake_at IS NOT NULL", name="wakes"),
    Index(
        "ix_effect_wake_at",
        "wake_at",
        sqlite_where=text("wake_at IS NOT NULL"),
        postgresql_where=text("wake_at IS NOT NULL"),
    ),
    Index(
        "ix_effect_lane_open",
        "lane",
        "id",
        sqlite_where=text("confirmed_at IS NULL"),
        postgresql_where=text("confirmed_at IS NULL"),
    ),
    partial_index("ix_effect_to_forget", "confirmed_at", where="confirmed_at IS NOT NULL AND forgotten_at IS NULL"),
)

MESSAGE_OUTCOMES = ("effect", "sent", "off", "no-number")
"""What became of a message: an outside effect; sent by a worker itself; its text is off; nobody to send it to."""

message = Table(  # 短信: an event that a customer is told of; the relay makes the effect of it, by the texts in force
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("event", String(20), nullable=False),
    Column("source", String(60), nullable=False),  # what it is about: `ticket/17`, `demand/3`, `enrolment/5`
    Column("account_id", ForeignKey("account.id")),
    Column("mobile", String(20)),  # null: the account's own number; emptied with the facts
    Column("facts", Document, nullable=False),  # empty once the text is written
    Column("made_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("outcome", String(12)),
    Column("effect_id", ForeignKey("effect.id"), unique=True),
    words_constraint("outcome", MESSAGE_OUTCOMES),
    CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
    CheckConstraint("effect_id IS NULL OR outcome = 'effect'", name="of_its_effect"),
    Index("ix_message_source", "source", "event"),
    partial_index("ix_message_to_settle", "id", where="settled_at IS NULL"),
)
