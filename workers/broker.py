"""What is particular to each kind of broker that a URL may name: Redis, Redis Sentinel, RabbitMQ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kombu import Exchange, Queue
from kombu.transport.redis import Channel as RedisChannel

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings
from dispatch.settings import Settings

_OF_REDIS: Mapping[str, Any] = {
    "visibility_timeout": 120,  # over three times the time limit: no message comes back while it is worked on
    "socket_timeout": 10,
    "socket_connect_timeout": 4,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "fault:",  # a shared Redis keeps others' keys apart
    "priority_steps": [0],  # one list a queue instead of four: an urgent ticket comes first on the board, not in here
    "unacked_restore_interval": 10,
    "unacked_mutex_expire": 30,
    # no retry_on_timeout: a publish that timed out may have arrived, and sending it twice is the relay's decision
}
_OF_RABBITMQ: Mapping[str, Any] = {
    "confirm_publish": True,  # a publish that no quorum has written down counts as not sent
}
_EXCHANGE = Exchange("hops", type="direct")


def transport_options(settings: Settings) -> dict[str, Any]:
    """Raises BadSettings for a broker of another kind, or a Sentinel whose master isn't named."""
    match _kind(settings):
        case "sentinel":
            if not settings.broker_master:
                raise BadSettings(
                    Wording(
                        "DISPATCH_BROKER_MASTER: 用 sentinel://… 时须写明主节点的名称",
                        "DISPATCH_BROKER_MASTER: with sentinel://… the master must be named",
                    )
                )
            return {**_OF_REDIS, "master_name": settings.broker_master}
        case "redis" | "rediss":
            return dict(_OF_REDIS)
        case "amqp" | "amqps" | "pyamqp":
            return dict(_OF_RABBITMQ)
        case "memory":
            return {}
        case kind:
            raise BadSettings(
                Wording(
                    f"DISPATCH_BROKER_URL: 不支持 {kind}://，请用 redis、sentinel 或 amqp",
                    f"DISPATCH_BROKER_URL: {kind}:// is no broker here; use redis, sentinel or amqp",
                )
            )


def queue(settings: Settings, name: str) -> Queue:
    """A team's queue. RabbitMQ's stands on a majority of its nodes, so that it outlives one of them."""
    arguments = {"x-queue-type": "quorum"} if _kind(settings) in ("amqp", "amqps", "pyamqp") else None
    return Queue(name, _EXCHANGE, routing_key=name, queue_arguments=arguments)


def queued(queues: Collection[Queue], channel: Any) -> dict[str, int]:
    """How many messages wait in each of these queues. Raises what the broker's transport raises when it is away."""
    if not isinstance(channel, RedisChannel):
        return {each.name: each.bind(channel).queue_declare().message_count for each in queues}
    # kombu asks for one queue at a time, with a client made for each: all at once cost as much as one of them
    with channel.client.pipeline(transaction=False) as asked:
        for each in queues:
            asked.llen(each.name)
        return dict(zip((each.name for each in queues), asked.execute(), strict=True))


def _kind(settings: Settings) -> str:
    url = settings.broker_url.get_secret_value() if settings.broker_url else ""
    return url.partition("://")[0]
