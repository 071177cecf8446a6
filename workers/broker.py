"""The options of each kind of broker that a URL may name: Redis, Redis Sentinel, RabbitMQ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kombu import Exchange, Queue
from kombu.transport.redis import Channel as RedisChannel

from dispatch.settings import Settings

_OF_REDIS: Mapping[str, Any] = {
    "visibility_timeout": 120,  # s, four times a task's time limit: no message is redelivered while its task runs
    "socket_timeout": 10,
    "socket_connect_timeout": 4,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "fault:",  # keeps our keys apart on a Redis shared with other programs
    "priority_steps": [0],  # one list per queue instead of four: urgent tickets come first on the board, not here
    "unacked_restore_interval": 10,
    "unacked_mutex_expire": 30,
    # No retry_on_timeout: a publish that timed out may have arrived, and only the relay decides to send it again.
}
_OF_SENTINEL: Mapping[str, Any] = {
    "socket_timeout": 2,  # s: the next one is asked soon
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}
_OF_RABBITMQ: Mapping[str, Any] = {
    "confirm_publish": True,  # a publish counts as sent only when a quorum has stored it
}
_EXCHANGE = Exchange("hops", type="direct")


def transport_options(settings: Settings) -> dict[str, Any]:
    """Return kombu's transport options."""
    match _kind(settings):
        case "sentinel":
            options = {**_OF_REDIS, "master_name": settings.broker_master}
            if settings.sentinel_password:
                own = {"password": settings.sentinel_password.get_secret_value()}
                options["sentinel_kwargs"] = {**_OF_SENTINEL, **own}
            else:
                options["sentinel_kwargs"] = dict(_OF_SENTINEL)
            return options
        case "redis" | "rediss":
            return dict(_OF_REDIS)
        case "amqp" | "amqps" | "pyamqp":
            return dict(_OF_RABBITMQ)
        case _:
            return {}


def queue(settings: Settings, name: str) -> Queue:
    """Return a team's queue. On RabbitMQ it is a quorum queue, which survives the loss of one node."""
    arguments = {"x-queue-type": "quorum"} if _kind(settings) in ("amqp", "amqps", "pyamqp") else None
    return Queue(name, _EXCHANGE, routing_key=name, queue_arguments=arguments)


def queue_lengths(queues: Collection[Queue], channel: Any) -> dict[str, int]:
    """Count the messages waiting in each of these queues. Raises the transport's own errors when the broker is away."""
    if not isinstance(channel, RedisChannel):
        return {each.name: each.bind(channel).queue_declare().message_count for each in queues}
    # kombu makes a client and a round trip per queue; one pipeline for all queues costs as much as one of those.
    with channel.client.pipeline(transaction=False) as asked:
        for each in queues:
            asked.llen(each.name)
        return dict(zip((each.name for each in queues), asked.execute(), strict=True))


def _kind(settings: Settings) -> str:
    url = settings.broker_url.get_secret_value() if settings.broker_url else ""
    return url.partition("://")[0]
