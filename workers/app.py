"""The Celery app: its settings with their reasons, a queue per team of the rulebook, the teams' steps as
tasks, and a queue for the outside effects.

Refuses to start when a team of the rules has no module in `workers/teams`, or a module no team.
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
from dispatch.settings import load_settings
from dispatch.storage.outbox import Pair
from workers import broker, effects, hop, redis_channel
from workers.chains import chains, step_tasks, stretches
from workers.context import get_context
from workers.events import GatherEvents
from workers.heartbeat import keep_beating
from workers.metrics_port import show_metrics
from workers.publishing import Publisher
from workers.stretch import Step
from workers.task_names import DELIVER, receive_task

SETTINGS: dict[str, Any] = {
    # JSON alone: a pickled body would let whoever reaches the broker run code here.
    "task_serializer": "json",
    "accept_content": ["json"],
    "event_serializer": "json",
    # The database holds the outcome; a result backend would be a second truth.
    "task_ignore_result": True,
    "result_backend": None,
    # A message is given up only after its act is committed; delivered twice, the generation makes it stale.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    # A stuck step must end before its lease's second sending piles up behind it.
    "task_soft_time_limit": 20,
    "task_time_limit": 30,
    # A queue that no team has is a slip of the pen, not a queue.
    "task_create_missing_queues": False,
    # A message is a batch; fetching more would hide work from the other workers.
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    # On a stop, work in hand is finished.
    "worker_soft_shutdown_timeout": 30,
    "worker_enable_soft_shutdown_on_idle": True,
    # The broker may be away for as long as it likes; the database keeps the work.
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 4,
    # The relay rather notices soon and leaves the hops due than waits in here.
    "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 1},
    # Flower shows what was sent and done.
    "worker_send_task_events": True,
    # The program's own log set-up stays; Celery's would print whole message bodies on some errors.
    "worker_hijack_root_logger": False,
}


def make_app() -> Celery:
    """The app for this installation's broker and rulebook. Raises MissingPart, BadRules, BadSettings."""
    settings = load_settings()
    if settings.broker_url is None:
        raise MissingPart(
            part=same("DISPATCH_BROKER_URL"),
            remedy=Wording(
                "请用 `dispatch up` 启动 worker，或设置它", "start the workers with `dispatch up`, or set it"
            ),
        )
    rulebook = get_context().rules.get()
    broker_url = settings.broker_url.get_secret_value()
    redis_channel.use()
    made = Celery("paidan", broker=broker_url, task_cls="workers.task:Task", set_as_current=True)
    made.conf.update(SETTINGS, broker_transport_options=broker.transport_options(settings))
    made.conf.task_queues = [broker.queue(settings, name) for name in (*rulebook.teams, EFFECTS)]
    for team, stretch in stretches(rulebook).items():
        made.task(name=receive_task(team), shared=False)(hop.receive)
        for place, (name, step) in enumerate(zip(step_tasks(team, stretch), stretch.steps, strict=True)):
            made.task(name=name, shared=False)(_body(name, step, place))
    made.task(name=DELIVER, shared=False)(_deliver)
    made.steps["consumer"].add(GatherEvents)
    return made


def _body(name: str, step: Step, place: int) -> Any:
    def body(pairs: list[Pair]) -> list[Pair]:
        ours = [(hop_id, generation) for hop_id, generation in pairs]
        if place == 0 and _was_delivered_before():
            ours = hop.receive(ours)
        return hop.run(step, place, name, ours)

    body.__doc__ = step.about
    return body


def _was_delivered_before() -> bool:
    """Whether somebody has had this message already and not acknowledged it: he may have died of it."""
    return bool((current_task.request.delivery_info or {}).get("redelivered"))


def _deliver(pairs: list[Pair]) -> None:
    """Hand outside effects in to their receivers, and confirm them."""
    effects.deliver([(effect_id, generation) for effect_id, generation in pairs])


@task_unknown.connect
def _of_another_release(message: Any, name: str, **_: object) -> None:
    """Celery drops a message with a task that it doesn't know; while two releases run, the other one's worker does.

    Waiting for the lease instead would count as a failure, and after five a sound hop would be in the quarantine.
    """
    if not name.startswith(f"{EFFECTS}."):
        (pairs,), *_rest = message.payload
        hop.put_back([(hop_id, generation) for hop_id, generation in pairs])


@worker_init.connect
def _in_main_process(**_: object) -> None:
    configure_logs()


@worker_process_init.connect
def _in_pool_process(**_: object) -> None:
    die_with_parent()  # a killed worker must not leave a child behind that goes on unseen
    _collect_seldom()
    keep_beating("worker")
    get_context().direct_sender.publisher = Publisher(app, chains(get_context().rules.get()))


def _collect_seldom() -> None:
    """A batch makes tens of thousands of objects that go by themselves when it is over; looking through them for rings
    meanwhile took a tenth of a worker's time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@worker_ready.connect
def _answering(**_: object) -> None:
    show_metrics(load_settings())
    mark_ready(*_MARK)


@heartbeat_sent.connect
def _alive(**_: object) -> None:
    beat(*_MARK)


_MARK = (load_settings().run, os.environ.get("SUPERVISED_AS", "worker"))


app = make_app()
