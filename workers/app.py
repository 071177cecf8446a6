"""The Celery app: its settings with their reasons, a queue per team of the rulebook with the team's steps as tasks,
and a queue for the outside effects.

The app refuses to start when a team of the rules has no module in `workers/teams`, or a module there has no team.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import Celery, current_task
from celery.signals import heartbeat_sent, task_unknown, worker_init, worker_process_init, worker_ready

from dispatch.domain.title import Wording, same
from dispatch.errors import MissingPart
from dispatch.routing.rulebook import EFFECTS
from dispatch.runtime.child_process import die_with_parent, mark_ready
from dispatch.runtime.healthcheck import beat
from dispatch.runtime.logs import configure_logs
from dispatch.runtime.private_files import keep_private
from dispatch.settings import load_settings
from dispatch.storage.heartbeats import Service
from dispatch.storage.outbox import Pair
from dispatch.storage.patience import when_free
from workers import broker, effects, hop, redis_channel, retests
from workers.broker_check import end_without_broker
from workers.chains import file_teams, served_chains, step_tasks, stretches, teams_beside
from workers.context import get_context
from workers.events import GatherEvents
from workers.heartbeat import start_heartbeat
from workers.measured import begin_at_zero
from workers.metrics_port import serve_metrics
from workers.publishing import Publisher
from workers.stretch import Step
from workers.task_names import DELIVER, receive_task, retest_task, team_of

SETTINGS: dict[str, Any] = {
    # Only JSON: a pickled body would let anybody who reaches the broker run code here.
    "task_serializer": "json",
    "accept_content": ["json"],
    "event_serializer": "json",
    # The database holds the outcome; a result backend would be a second source of truth.
    "task_ignore_result": True,
    "result_backend": None,
    # A message is acknowledged only after its transaction has committed. If it is delivered twice, its generation no
    # longer matches and the second delivery does nothing.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    # A stuck step must end before the lease (30 s by default) runs out and the same hops are sent again behind it.
    "task_soft_time_limit": 20,
    "task_time_limit": 30,
    # A queue name that belongs to no team is a typing error and must not create a queue.
    "task_create_missing_queues": False,
    # Each message is already a batch; prefetching more would keep work from the other workers.
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    # On a stop, the worker has 30 s to finish its current task.
    "worker_soft_shutdown_timeout": 30,
    "worker_enable_soft_shutdown_on_idle": True,
    # Retry for ever: the broker may be away for any time, the database keeps the work.
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 4,
    # No message is sent for a later time, so RabbitMQ needs no queues for that.
    "worker_consumer": "workers.consumer:Consumer",
    # Few and short retries: a publish that fails soon leaves the hops due, and the relay sends them later.
    "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 1},
    # Flower shows tasks from these events.
    "worker_send_task_events": True,
    # Keep the program's own log configuration: Celery's would print whole message bodies on some errors.
    "worker_hijack_root_logger": False,
}


def make_app() -> Celery:
    """Make the app for this installation's broker and rulebook. Raises MissingPart, BadRules, BadSettings."""
    keep_private()
    settings = load_settings()
    if settings.broker_url is None:
        raise MissingPart(
            part=same("DISPATCH_BROKER_URL"),
            remedy=Wording(
                "请用 `dispatch up` 启动工作进程，或设置它", "start the workers with `dispatch up`, or set it"
            ),
        )
    rules = get_context().rules
    rulebook, beside = when_free(rules.get), teams_beside(rules)
    served = stretches(rulebook, beside)
    broker_url = settings.broker_url.get_secret_value()
    redis_channel.use_transports()
    made = Celery("paidan", broker=broker_url, task_cls="workers.task:Task", set_as_current=True)
    made.conf.update(SETTINGS, broker_transport_options=broker.transport_options(settings))
    made.conf.timezone = settings.timezone  # of the times that Flower shows; messages stay in UTC
    made.conf.task_queues = [broker.queue(settings, name) for name in (*served, EFFECTS)]
    for team, stretch in served.items():
        made.task(name=receive_task(team), shared=False)(_receiving(team))
        made.task(name=retest_task(team), shared=False)(_retesting(team))
        for place, (name, step) in enumerate(zip(step_tasks(team, stretch), stretch.steps, strict=True)):
            made.task(name=name, shared=False)(_body(name, step, place))
    made.task(name=DELIVER, shared=False)(_deliver)
    made.steps["consumer"].add(GatherEvents)
    return made


def _receiving(team: str) -> Any:
    def body(pairs: list[Pair]) -> list[Pair]:
        return hop.receive(team, [(hop_id, generation) for hop_id, generation in pairs])

    body.__doc__ = hop.receive.__doc__
    return body


def _retesting(team: str) -> Any:
    def body(pairs: list[Pair]) -> list[Pair]:
        return retests.retest(team, [(hop_id, tries) for hop_id, tries in pairs])

    body.__doc__ = retests.retest.__doc__
    return body


def _body(name: str, step: Step, place: int) -> Any:
    def body(pairs: list[Pair]) -> list[Pair]:
        ours = [(hop_id, generation) for hop_id, generation in pairs]
        if not get_context().clock.is_right():
            hop.wait_for_clock(ours)
            return []
        if place == 0 and _was_delivered_before():
            ours = hop.receive(team_of(name), ours)
        return hop.run_step(step, place, name, ours)

    body.__doc__ = step.about
    return body


def _was_delivered_before() -> bool:
    """Return whether a worker has already received this message without acknowledging it; it may have crashed on it."""
    return bool((current_task.request.delivery_info or {}).get("redelivered"))


def _deliver(pairs: list[Pair]) -> None:
    """Hand outside effects to their receivers and confirm them."""
    effects.deliver([(effect_id, generation) for effect_id, generation in pairs])


@task_unknown.connect
def _of_another_release(message: Any, name: str, **_: object) -> None:
    """Put hops back when their message names a task that only another release knows.

    Celery drops such a message. While two releases run, a worker of the other release can do it. Waiting for the lease
    would count as a failure, and five failures would put a sound hop into the quarantine.
    """
    if not name.startswith(f"{EFFECTS}."):
        (pairs,), *_rest = message.payload
        hop.put_back([(hop_id, generation) for hop_id, generation in pairs])


@worker_init.connect
def _in_main_process(**_: object) -> None:
    settings = load_settings()
    configure_logs(settings.zone)
    end_without_broker(settings)


@worker_process_init.connect
def _in_pool_process(**_: object) -> None:
    die_with_parent()  # a killed worker must not leave a child process that goes on working unseen
    _collect_seldom()
    rules, queues = get_context().rules, app.amqp.queues
    get_context().direct_sender.publisher = Publisher(app, served_chains(rules, queues))
    serves = Service(set(queues.consume_from) - {EFFECTS}, file_teams(rules))
    start_heartbeat("worker", get_context().clock.guard, serves)
    begin_at_zero(when_free(rules.get))


def _collect_seldom() -> None:
    """Make the cyclic garbage collector run rarely: it took a tenth of a worker's time.

    A batch makes tens of thousands of objects, and reference counting alone frees them when the batch is over.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@worker_ready.connect
def _answering(**_: object) -> None:
    serve_metrics(load_settings())
    mark_ready(*_MARK)


@heartbeat_sent.connect
def _alive(**_: object) -> None:
    beat(*_MARK)


_MARK = (load_settings().run, os.environ.get("SUPERVISED_AS", "worker"))


app = make_app()
