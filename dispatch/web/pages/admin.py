"""管理: users and their roles, teams and crews, rules in force, quarantine, tokens, access log, audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from dispatch.access import people
from dispatch.access.people import PossibleHolder
from dispatch.domain.access_acts import AccessAct
from dispatch.domain.channel import Channel
from dispatch.domain.finding import Value
from dispatch.domain.model_faults import model_fault
from dispatch.domain.roles import HELD_BY_PEOPLE
from dispatch.domain.title import Title
from dispatch.errors import BadInput, DispatchError, NotFound
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.wording import evidence_of
from dispatch.storage import crew as crews
from dispatch.tickets import departure
from dispatch.tickets.departure import InHand
from dispatch.web.api import audit, crew, quarantine, rules, teams, tokens, users
from dispatch.web.api.rules import CaseRequest
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages import labels
from dispatch.web.pages.rendering import language_of
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import RequestContext, version_tag

pages = Pages("admin")

SECTIONS = (
    ("/admin/users", Title("用户", "Users"), "manage users"),
    ("/admin/teams", Title("班组", "Teams"), "see teams"),
    ("/admin/rules", Title("派单规则", "Rules"), "see rules"),
    ("/admin/quarantine", Title("隔离区", "Quarantine"), "see the quarantine"),
    ("/admin/tokens", Title("令牌", "Tokens"), "manage users"),
    ("/admin/access", Title("登录记录", "Sign-ins"), "see the audit trail"),
    ("/admin/audit", Title("审计", "Audit"), "see the audit trail"),
)
"""Path, name, and the operation that the caller must be allowed."""

LONGEST_LIST = 200
Typed = Annotated[str, Query(max_length=80)]
"""A field of a form that filters a list; it may be empty."""


@pages.api.read("/admin", "see teams")
def admin(context: RequestContext) -> Response:
    """Redirect to the first section that the caller may see."""
    return RedirectResponse(_sections(context)[0][0], 303)


@pages.show("/admin/users", "manage users", "admin_users.html", raises=[BadInput])
def see_users(context: RequestContext, cursor: Cursor = None) -> dict[str, Any]:
    found = users.list_users(context, cursor, LONGEST_LIST)
    tagged = [(each, version_tag(each.model_dump_json().encode())) for each in found.items]
    work = departure.works(context.tx, [each.name for each in found.items])
    held = {name: [each for each in mine if not each.proposed] for name, mine in work.items()}
    able = people.everybody(context.tx) if any(held.values()) else []
    return _shown(
        context,
        users=tagged,
        next=found.next,
        roles=HELD_BY_PEOPLE,
        areas=_areas(context),
        held=held,
        colleagues={name: _colleagues(context, able, mine, name, any) for name, mine in held.items() if mine},
        teams=context.rulebook.teams,
    )


@pages.show("/admin/users/{name}/leave", "manage users", "admin_leave.html", raises=[NotFound])
def see_leave(context: RequestContext, name: users.UserName) -> dict[str, Any]:
    """What a user has in hand, and who could take it, before they are disabled."""
    leaver = users.see_user(context, name)
    work = departure.works(context.tx, [leaver.name])[leaver.name]
    colleagues = _colleagues(context, people.everybody(context.tx), work, leaver.name, all)
    return _shown(context, leaver=leaver, work=work, colleagues=colleagues, teams=context.rulebook.teams)


@pages.show("/admin/teams", "see teams", "admin_teams.html")
def see_teams(context: RequestContext) -> dict[str, Any]:
    placed = crew.see_crew(context).items
    places: dict[str, dict[str, list[str]]] = {}
    for each in placed:
        places.setdefault(each.team, {}).setdefault(each.area, []).append(each.person)
    known = context.rulebook.teams
    return _shown(
        context,
        teams=teams.list_teams(context).items,
        known=known,
        places=places,
        able={
            name: people.fitting(context.tx, team.members)
            for name, team in known.items()
            if context.may("add to a crew", Target(team=team))
        },
        mends={name for name, team in known.items() if context.may("add to a crew", Target(team=team))},
        areas=_areas(context),
    )


@pages.show("/admin/rules", "see rules", "admin_rules.html")
def see_rules(context: RequestContext) -> dict[str, Any]:
    """The rules as text and as drawings, with a form to try facts on."""
    found = rules.see_rules(context)
    return _shown(
        context,
        rules=found,
        refused=_refused(context),
        lines=found.text.splitlines(),
        asked={},
        **_form(context.rulebook, {}),
    )


def _refused(context: RequestContext) -> list[tuple[Title, list[str]]]:
    """The operator's files that are refused as they stand, each with its faults, for those who may know them."""
    if not context.shows(GuardedField.REFUSED):
        return []
    language, files = language_of(context.visitor.request), context.installation.refused_files()
    return [(labels.OPERATORS_FILES[name], list(why.lines_in(language))) for name, why in files.items()]


@pages.show("/admin/rules/tried", "try rules", "admin_tried.html")
def try_rules(context: RequestContext, flow: Annotated[str, Query(max_length=80)] = "fault") -> dict[str, Any]:
    """The decision of the rules on the facts in the query, and the form again, with fields that fit them."""
    asked = {name: value for name, value in context.visitor.request.query_params.items() if value != ""}
    form = _form(context.rulebook, asked)
    try:
        decided, refused = rules.try_facts(context, _case(context.rulebook, flow, asked)), None
    except DispatchError as wrong:
        decided, refused = None, wrong.sentence(language_of(context.visitor.request))
    except ValidationError as wrong:
        decided, refused = (
            None,
            "; ".join(model_fault(each).text(language_of(context.visitor.request)) for each in wrong.errors()),
        )
    return {"decided": decided, "refused": refused, "asked": asked, "titles": context.rulebook.teams, **form}


@pages.show("/admin/quarantine", "see the quarantine", "admin_quarantine.html")
def see_quarantine(context: RequestContext) -> dict[str, Any]:
    return _shown(context, items=quarantine.see_quarantine(context).items, titles=context.rulebook.teams)


@pages.show("/admin/audit", "see the audit trail", "admin_audit.html", raises=[BadInput])
def see_audit(context: RequestContext, cursor: Cursor = None) -> dict[str, Any]:
    found = audit.see_audit(context, cursor, 100)
    return _shown(context, items=found.items, next=found.next)


@pages.show("/admin/tokens", "manage users", "admin_tokens.html", raises=[BadInput])
def see_tokens(context: RequestContext, cursor: Cursor = None) -> dict[str, Any]:
    found = tokens.list_everybodys(context, cursor, 100)
    return _shown(context, items=found.items, next=found.next)


ACCESS_REFUSED = (
    AccessAct.SIGN_IN_FAILED,
    AccessAct.SIGN_IN_SLOWED,
    AccessAct.SIGN_IN_REFUSED,
    AccessAct.IDENTITY_TAKEN,
    AccessAct.PROOF_FAILED,
    AccessAct.TOKEN_REFUSED,
)
"""The acts that a page highlights."""


@pages.show("/admin/access", "see the audit trail", "admin_access.html", raises=[BadInput])
def see_access_log(
    context: RequestContext,
    user: Typed = "",
    act: Typed = "",
    address: Typed = "",
    cursor: Cursor = None,
) -> dict[str, Any]:
    asked = {"user": user.strip(), "act": act, "address": address.strip()}
    wanted = AccessAct(act) if act in tuple(AccessAct) else None
    found = audit.see_access_log(context, asked["user"] or None, wanted, asked["address"] or None, cursor, 100)
    query = "".join(f"{quote(name)}={quote(value)}&" for name, value in asked.items() if value)
    return _shown(
        context, items=found.items, next=found.next, asked=asked, query=query, acts=list(AccessAct), bad=ACCESS_REFUSED
    )


def _colleagues(
    context: RequestContext,
    able: Sequence[PossibleHolder],
    work: Sequence[InHand],
    leaver: str,
    which: Callable[[Iterable[bool]], bool],
) -> list[str]:
    """Those who can take `all` or `any` of a user's work."""
    known = [
        (context.rulebook.teams[each.team].members, each.area) for each in work if each.team in context.rulebook.teams
    ]
    fit = [each.name for each in able if known and which(each.fits(members, area) for members, area in known)]
    return [name for name in fit if name != leaver]


def _shown(context: RequestContext, **shown: Any) -> dict[str, Any]:
    return {"sections": [(path, title) for path, title, _ in _sections(context)], **shown}


def _sections(context: RequestContext) -> list[tuple[str, Title, str]]:
    return [each for each in SECTIONS if context.may(each[2])]


def _areas(context: RequestContext) -> list[str]:
    """Areas in which somebody works, as suggestions: an area may be new."""
    return sorted({row.area for row in crews.everybody(context.tx)})


def _form(rulebook: Rulebook, asked: Mapping[str, str]) -> dict[str, Any]:
    """Choices of the form: the flow's teams, the team's findings, the facts that a rule may ask about."""
    flow = asked.get("flow", "fault")
    sections = rulebook.flows.get(flow, {})
    team = asked.get("team", "")
    findings = rulebook.findings_of(flow, team) if team in sections else ()
    finding = next((each for each in findings if each.name == asked.get("finding")), None)
    return {
        "flows": list(rulebook.flows),
        "teams_of_flow": [rulebook.teams[name] for name in sections],
        "findings": findings,
        "evidence": finding.evidence if finding else (),
        "categories": rulebook.categories,
        "channels": list(Channel),
        "all_teams": list(rulebook.teams.values()),
    }


def _case(rulebook: Rulebook, flow: str, asked: Mapping[str, str]) -> CaseRequest:
    """The facts in the query. Raises ValidationError, BadInput."""
    kinds = _kinds(rulebook)
    known = {
        name.removeprefix("known."): _value(kinds.get(name.removeprefix("known.")), text)
        for name, text in asked.items()
        if name.startswith("known.")
    }
    numbers = {name: _number(asked[name]) for name in ("hops", "reopened") if name in asked}
    words = {name: asked[name] for name in ("team", "finding", "sender") if name in asked}
    return CaseRequest(flow=flow, known=known, archived="archived" in asked, **words, **numbers)  # type: ignore[arg-type]


def _kinds(rulebook: Rulebook) -> Mapping[str, str]:
    """The kind of values of each piece of evidence that a finding may have."""
    return {name: each.kind for name, each in evidence_of(rulebook).items()}


def _value(kind: str | None, text: str) -> Value:
    match kind:
        case "number":
            return float(text) if _is_number(text) else text
        case "yes-no":
            return text == "true"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text
