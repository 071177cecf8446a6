"""经办人: who acted for a customer in an operation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import insert, select, update

from dispatch.domain.agency import AgentBasis, Party
from dispatch.domain.identity import Document
from dispatch.storage import customers, key_ring
from dispatch.storage.customer_rows import AgentRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.rows import shaped
from dispatch.storage.tables.identity import operation_agent


def add(
    tx: Tx,
    cipher: FieldCipher,
    operation_id: int,
    party: Party,
    name: str,
    document: Document,
    mobile: str,
    basis: AgentBasis,
    valid_until: date | None,
) -> None:
    """Keep the agent. The row comes first, for the ciphertext is bound to the row's id."""
    cipher = key_ring.for_writing(tx, cipher)
    row = {
        "operation_id": operation_id,
        "party": party,
        "name": name,
        "document_kind": document.kind,
        "document_number": "",
        "document_index": customers.document_index(cipher, document.kind, document.number, document.country),
        "issuing_country": document.country,
        "mobile": mobile,
        "basis": basis,
        "valid_until": valid_until,
    }
    made = insert(operation_agent).values(**row).returning(operation_agent.c.id)
    agent_id = int(tx.execute(made).scalar_one())
    sealed = cipher.encrypt_text(document.number, "operation_agent", "document_number", agent_id)
    tx.execute(update(operation_agent).where(operation_agent.c.id == agent_id).values(document_number=sealed))


def of_operations(tx: Tx, operation_ids: Sequence[int]) -> Sequence[AgentRow]:
    """The agents of these operations."""
    query = select(operation_agent).where(operation_agent.c.operation_id.in_(operation_ids))
    return shaped(AgentRow, tx.execute(query.order_by(operation_agent.c.id))).all()
