"""上传: photos of what a hop found, and scans for an operation at the counter.

A file is the whole body of its request, without a form and without a name. In a page:

    fetch("/api/v1/hops/F00000042-3/photos", {method: "POST", body: file, headers: {"Content-Type": file.type,
        "X-CSRF-Token": …, "Idempotency-Key": …}})     → 201 {"photo": 7, "hop": "F00000042-3", "url": "/api/v1/…", …}

The content must be JPEG, PNG, WebP or PDF (415 `wrong-file-type`), of at most `DISPATCH_LARGEST_UPLOAD` bytes (413
`too-large`), with at most twelve photos a hop (409 `photos-enough`), while the hop is in hand. The hop's holder may add
one, or whoever files for them. A photo is kept byte for byte, as evidence, with the place and time that the camera
wrote into it; only callers who may see the ticket's customer see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field as Of
from starlette.responses import Response

from dispatch.domain.acts import act_wording
from dispatch.domain.media_type import SUFFIXES
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Wording
from dispatch.domain.url_path import segment
from dispatch.errors import (
    ChangedMeanwhile,
    IllegalMove,
    NotFound,
    PhotosEnough,
    UnfitUser,
    UnknownUser,
    UploadGone,
    WrongFileType,
)
from dispatch.reports import lists
from dispatch.storage import hops, tickets, uploads
from dispatch.storage.access_rows import PhotoRow
from dispatch.storage.rows import LockedHop, TicketRow
from dispatch.tickets import photos
from dispatch.tickets.holders import people_with, require_able
from dispatch.web.api.schemas import HopName, ResponseBody, TicketName
from dispatch.web.api.ticket_views import find_hop, hop_name, hop_thing, missing_hop, missing_ticket, ticket_thing
from dispatch.web.content_disposition import content_disposition
from dispatch.web.policy import POLICIES, GuardedField
from dispatch.web.problems import language_of_request
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api
from dispatch.web.upload_body import FILE_BODY, Received

api = Api("", "uploads")

SCANS_KEPT = timedelta(days=1)
"""Time for which a scan waits for the operation that keeps it."""

_PhotoId = Annotated[int, Path(ge=1, lt=2**63, description="Identifier of the photo, as listed.")]


class StoredPhoto(ResponseBody):
    """A photo of a hop's evidence."""

    photo: int
    """Identifier of the photo."""
    hop: str
    """Hop number, such as F00000042-3."""
    url: str
    """Address of the photo itself."""
    media_type: str
    """Media type, told by the file's content."""
    size: int
    """Size in bytes."""
    sha256: str
    """SHA-256 of the content, in hex."""
    made_at: datetime
    """Time of the upload."""
    made_by: str
    """User who uploaded it."""


class Photos(ResponseBody):
    """The photos of a ticket."""

    items: list[StoredPhoto]
    """Photos in the order of upload."""


class StoredScan(ResponseBody):
    """A scan that waits for its operation."""

    upload: int
    """Identifier by which an operation's request names it."""
    media_type: str
    """Media type, told by the file's content."""
    size: int
    """Size in bytes."""
    sha256: str
    """SHA-256 of the content, in hex."""
    expires_at: datetime = Of(description="Time at which it is removed unless an operation has taken it.")


class UntrustedFile(Response):
    """A file that another user uploaded, shown by itself under a policy that forbids everything."""

    media_type = "application/octet-stream"

    def __init__(self, content: bytes, media_type: str, name: str) -> None:
        shown: Literal["inline", "attachment"] = "attachment" if media_type == "application/pdf" else "inline"
        headers = {
            "Content-Disposition": content_disposition(shown, name),
            "Vary": "Accept-Language",  # the name is in the reader's language
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox",
        }
        super().__init__(content, headers=headers, media_type=media_type)


@api.change(
    "/hops/{hop}/photos",
    "add a photo",
    status=201,
    body=FILE_BODY,
    raises=[WrongFileType, IllegalMove, UnknownUser, UnfitUser, ChangedMeanwhile, PhotosEnough],
)
def add_photo(context: RequestContext, hop: HopName, file: Received) -> StoredPhoto:
    """Adds a photo to the evidence of a hop that the caller holds or files for. The body is the file itself."""
    hop_id = find_hop(context, hop)
    row = hops.lock(context.tx, [hop_id])[hop_id]
    teams = lists.teams_of(context.tx, [row.ticket_id])[row.ticket_id]
    behalf = row.holder is not None and row.holder != context.user.name
    context.authorize(hop_thing(context, row.team, row.state, row.area, teams, on_behalf=behalf), missing_hop(hop))
    _require_in_hand(row)
    if row.holder is not None:
        team = context.rulebook.team(row.team)
        require_able(people_with(context.tx, [row]), team, row.holder, row.area, for_another=behalf)
    given = (hop_id, file.media_type, file.sha256, file.content)
    photos.add(context.tx, context.installation.cipher(), *given, context.user.name, context.now)
    made = _photos(row.kind, row.ticket_id, uploads.of_ticket(context.tx, row.ticket_id))[-1]
    context.visitor.headers["Location"] = made.url
    return made


@api.read("/tickets/{ticket}/photos", "see photos")
def list_photos(context: RequestContext, ticket: TicketName) -> Photos:
    """Lists the photos of all hops of a ticket, in the order of upload."""
    row = _seen(context, ticket)
    return Photos(items=_photos(row.kind, row.id, uploads.of_ticket(context.tx, row.id)))


@api.read("/tickets/{ticket}/photos/{photo}", "see photos", raises=[NotFound])
def see_photo(context: RequestContext, ticket: TicketName, photo: _PhotoId) -> UntrustedFile:
    """Sends a photo of this ticket, byte for byte as it was uploaded."""
    row = _seen(context, ticket)
    if photo not in {each.id for each in uploads.of_ticket(context.tx, row.id)}:
        raise NotFound(what=Wording("照片", "photo"), which=photo)
    found = uploads.get(context.tx, photo)
    name = Wording("照片", "photo").text(language_of_request(context.visitor.request))
    number, suffix = ticket_number(row.kind, row.id), SUFFIXES[found.media_type]
    content = uploads.content(context.installation.cipher(), found)
    return UntrustedFile(content, found.media_type, f"{name}-{number}-{photo}.{suffix}")


@api.change("/scans", "add a scan", status=201, body=FILE_BODY, raises=[WrongFileType])
def add_scan(context: RequestContext, file: Received) -> StoredScan:
    """Uploads a scan, to be named in a request at the counter, whose operation then keeps it. Until then only the
    caller may name it."""
    given = (None, file.media_type, file.sha256, file.content)
    upload = uploads.add(context.tx, context.installation.cipher(), *given, context.user.name, context.now)
    return StoredScan(
        upload=upload,
        media_type=file.media_type,
        size=len(file.content),
        sha256=file.sha256,
        expires_at=context.now + SCANS_KEPT,
    )


def require_scans(context: RequestContext, ids: Sequence[int]) -> None:
    """Raise UploadGone unless the caller has uploaded all of these."""
    there = uploads.ids_of_user(context.tx, ids, context.user.name, context.now - SCANS_KEPT)
    if gone := set(ids) - there:
        raise UploadGone(upload=min(gone))


def scans_named(context: RequestContext, ids: Sequence[int]) -> dict[int, bytes]:
    """The contents of scans that the caller has uploaded. Raises UploadGone."""
    require_scans(context, ids)
    return {upload: uploads.content(context.installation.cipher(), uploads.get(context.tx, upload)) for upload in ids}


def _require_in_hand(row: LockedHop) -> None:
    """Require that the hop is in hand. Raises IllegalMove."""
    states = POLICIES["add a photo"].states or frozenset()
    if HopState(row.state) not in states:
        raise IllegalMove(
            what=Wording("环节", "hop"),
            move=act_wording("get a photo"),
            state=HopState(row.state).wording,
            sources=[state.wording for state in sorted(states)],
        )


def _seen(context: RequestContext, name: str) -> TicketRow:
    """The ticket, if the caller may see its customer. Raises NotFound, NotAllowed."""
    ticket_id = read_ticket_number(name)
    row = tickets.get(context.tx, ticket_id)
    visits = hops.of_tickets(context.tx, [ticket_id])
    thing = ticket_thing(context, row, {visit.team for visit in visits}, visits[-1].team if visits else None)
    context.authorize(thing, missing_ticket(name))
    if not context.shows(GuardedField.CUSTOMER, thing):
        raise context.not_allowed(thing)
    return row


def _photos(kind: str, ticket_id: int, rows: Sequence[PhotoRow]) -> list[StoredPhoto]:
    told = []
    for row in rows:
        name = hop_name(kind, ticket_id, row.seq)
        told.append(
            StoredPhoto(
                photo=row.id,
                hop=name,
                url=f"/api/v1/tickets/{segment(name.partition('-')[0])}/photos/{row.id}",
                media_type=row.media_type,
                size=row.size,
                sha256=row.sha256,
                made_at=row.made_at,
                made_by=row.made_by,
            )
        )
    return told
