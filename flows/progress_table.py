"""What a flow run's page in Prefect shows of a mission: its progress, and where its logs are."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from functools import partial
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

from flows.patience import patience
from workspace.side_thread import SideThread, cause

_PAUSE_SECONDS = 2.0  # between two updates of the table
_PATIENCE_SECONDS = 30.0  # for the last one
_IN_A_BROWSER = "`mission dashboard`, typed in the mission's folder, has each row's page."


class ProgressTable:
    """A table artifact, updated in place on a thread of its own, as seldom as people notice.

    `show` only remembers the newest rows, so it costs nothing where rows end fast.
    """

    def __init__(self, *, flow_run: uuid.UUID, title: str, logs: str) -> None:
        self._flow_run = flow_run
        self._patience = patience()
        self._title = title
        self._logs = logs
        self._key = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "mission"
        self._changed = threading.Condition()
        self._rows: list[dict[str, str]] | None = None  # not yet sent
        self._closing = False
        self._thread: SideThread | None = None
        self._table: uuid.UUID | None = None  # the artifact, once it is made
        self.troubles: list[str] = []  # what could not be shown, one line each

    def start(self) -> None:
        """Begin, with the settings of Prefect that hold here."""
        run = copy_context().run
        self._thread = SideThread(
            "board", partial(run, self._work), on_death=self._note_death, daemon=True
        )
        self._thread.start()

    def show(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Show these rows instead of the last ones, soon."""
        with self._changed:
            self._rows = [dict(row) for row in rows]
            self._changed.notify()

    def close(self) -> None:
        """Send what is left, and end. A server that does not answer is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None and not self._thread.join(_PATIENCE_SECONDS):
            self.troubles.append("the progress table in Prefect is not up to date: no answer")

    def _note_death(self, error: BaseException) -> None:
        self.troubles.append(f"the progress table in Prefect is not up to date: {cause(error)}")

    def _work(self) -> None:
        with get_client(sync_client=True) as client:
            self._link_logs(client)
            while self._await_change():
                with self._patience():
                    self._send(client)
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _PAUSE_SECONDS)

    def _await_change(self) -> bool:
        """Wait for rows to send. False when there are none and none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows is not None or self._closing)
            return self._rows is not None

    def _send(self, client: SyncPrefectClient) -> None:
        with self._changed:
            rows, self._rows = self._rows, None
        data = json.dumps(rows)
        if self._table is not None:
            client.update_artifact(self._table, ArtifactUpdate(data=data))
            return
        made = client.create_artifact(
            ArtifactCreate(
                key=f"{self._key}-progress",
                type="table",
                description=f"{self._title}: rows by status. {_IN_A_BROWSER}",
                data=data,
                flow_run_id=self._flow_run,
            )
        )
        self._table = made.id

    def _link_logs(self, client: SyncPrefectClient) -> None:
        if not self._logs:
            return
        link = Path(self._logs).absolute().as_uri()
        client.create_artifact(
            ArtifactCreate(
                key=f"{self._key}-logs",
                type="markdown",
                description="The runner keeps its own logs, on the machine that runs the mission.",
                data=f"[{self._logs}]({link})\n\n`mission history` lists them by attempt.",
                flow_run_id=self._flow_run,
            )
        )
