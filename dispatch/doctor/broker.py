"""The checks of the broker and of the workers that serve its queues."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dispatch.doctor.clocks import clock
from dispatch.doctor.finding import CheckResult, bad, doubtful, good
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Title, Wording, same
from dispatch.runtime.broker_question import ask_broker
from dispatch.runtime.supervisor import is_running
from dispatch.settings import Settings

BROKER = Title("消息代理", "broker")
POLICY = Title("代理内存", "broker memory")
APPENDING = Title("代理落盘", "broker durability")
CLOCK = Title("代理时钟", "broker clock")
QUEUES = Title("队列", "queues")

UNKNOWN = Wording("查不到", "unknown: the broker doesn't say")


def examine(settings: Settings, queues: Collection[str], new: Collection[str] = ()) -> Iterator[CheckResult]:
    """Check the broker; `queues` are the queues that need a worker, `new` those that will: of teams that are in the
    rules file and not yet in force."""
    if settings.broker_url is None:
        try:
            running = is_running(settings) and (settings.run / "broker.url").exists()
        except OSError as wrong:
            why = system_fault(wrong)
            yield bad(
                BROKER,
                Wording(f"{settings.run}：无法读取：{why.zh}", f"{settings.run}: it can't be read: {why.en}"),
                "以拥有该目录的用户运行，或改正 DISPATCH_HOME",
                "run this as the user to whom it belongs, or correct DISPATCH_HOME",
            )
            return
        if not running:
            yield doubtful(
                BROKER, Wording("内嵌，未运行", "embedded, not running"), "运行 dispatch up", "run `dispatch up`"
            )
            return
        url = (settings.run / "broker.url").read_text().strip()
    else:
        url = settings.broker_url.get_secret_value()
    yield from judge(ask_broker(url, embedded=settings.broker_url is None), queues, new)


def judge(told: Mapping[str, Any], queues: Collection[str], new: Collection[str] = ()) -> Iterator[CheckResult]:
    """Turn the answer of `workers.broker_check` into results."""
    if not told["reached"]:
        zh, en = told["failure"]
        yield bad(
            BROKER,
            Wording(f"{told['broker']} 连不上：{zh}", f"{told['broker']} is out of reach: {en}"),
            "启动消息代理，或改正 DISPATCH_BROKER_URL；在此期间工单照常受理，待派",
            "start it, or correct DISPATCH_BROKER_URL; meanwhile faults are accepted and wait to be sent",
        )
        return
    yield good(BROKER, same(f"{told['kind']} {told['version'] or ''}".strip()))
    if told["kind"] == "redis":
        yield _policy(told["policy"])
        yield _appending(told["append_only"])
        if told["clock"] is not None:
            yield clock(CLOCK, told["clock"])
    yield _queues(told["served"], queues, new)


def _policy(policy: str | None) -> CheckResult:
    if policy is None:
        return doubtful(
            POLICY,
            UNKNOWN,
            "请确认 maxmemory-policy 是 noeviction",
            "make sure that its maxmemory-policy is noeviction",
        )
    if policy != "noeviction":
        return bad(
            POLICY,
            same(policy),
            "内存满时会丢消息：CONFIG SET maxmemory-policy noeviction，并写入 redis.conf",
            "it drops messages when memory runs out: CONFIG SET maxmemory-policy noeviction, also in redis.conf",
        )
    return good(POLICY, same(policy))


def _appending(append_only: bool | None) -> CheckResult:
    if append_only:
        return good(APPENDING, same("appendonly yes"))
    return doubtful(
        APPENDING,
        UNKNOWN if append_only is None else same("appendonly no"),
        "代理重启会丢失队列中的消息，工单须等租约到期才重发：CONFIG SET appendonly yes",
        "a restart of the broker loses queued messages, which are sent again only after their lease: "
        "CONFIG SET appendonly yes",
    )


def _queues(served: Mapping[str, list[str]], queues: Collection[str], new: Collection[str]) -> CheckResult:
    alone = sorted(set(queues) - set(served))
    if alone:
        return bad(
            QUEUES,
            Wording(f"{len(alone)} 个没有工作进程", f"{len(alone)} without a worker"),
            f"为这些队列启动工作进程：celery -A workers.app worker -E -Q {','.join(alone)}",
            f"start a worker for them: celery -A workers.app worker -E -Q {','.join(alone)}",
        )
    if later := sorted(set(new) - set(served)):
        return doubtful(
            QUEUES,
            Wording(f"新班组还没有工作进程：{'、'.join(later)}", f"new teams without a worker yet: {', '.join(later)}"),
            "停止并重新启动 dispatch up，新班组随之生效；分开运行的，按部署说明逐个重启各进程",
            "stop and start `dispatch up`, with which they take effect; where the processes run by themselves, restart "
            "each of them",
        )
    if not queues:
        return good(
            QUEUES,
            Wording(
                f"{len(served)} 个有工作进程；规则有误，无法判断需要哪些",
                f"{len(served)} served; the rules are faulty, so the needed ones are unknown",
            ),
        )
    workers = {worker for each in served.values() for worker in each}
    return good(
        QUEUES,
        Wording(
            f"{len(queues)} 个，由 {len(workers)} 个工作进程处理", f"{len(queues)} served by {len(workers)} workers"
        ),
    )
