"""The record goes along with the claim, and that of another clone becomes part of our journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.record.files import from_files, to_files
from mission.record.merging import is_new
from mission.record.unsigned import hints
from mission.record.values import Record
from orchestrator.ports.display import Display
from tasks_md.edit import CellChange, current
from tasks_md.model import Plan
from tasks_md.plan_file import PlanFile

_STATUS = "status"  # the journal's word for a status that was set
_SHOWN = 10  # rows


@dataclass(frozen=True, kw_only=True)
class CarriedRecord:
    """What another clone needs to go on; a `Carried` of the claim."""

    clone: str  # who we are
    journal: Journal
    file: PlanFile
    committed: Callable[[], Plan | None]  # the plan that our copy of the file builds on
    display: Display
    signed: bool = False  # whether what asks in a person's name has to be signed

    def files(self) -> Mapping[str, bytes]:
        return to_files(self.journal.carried(self.clone))

    def absorb(self, files: Mapping[str, bytes]) -> None:
        """Take in what another clone knew. Killed anywhere, it is done again; once it is in the
        journal, `CatchingUp` does what is left, in this run or in the next.

        Raises:
            RecordError: It cannot be understood, or is of a newer version.
            JournalError: The journal cannot be written.
            TaskFileError: The task file cannot be read or written.
        """
        theirs = from_files(files)
        if theirs is None or theirs.clone == self.clone:
            return
        if self.signed:
            theirs = self._believed(theirs)
        self._give_way(theirs)
        rows = sorted(self.journal.take_in_record(theirs))
        if rows and not self.signed:
            host = theirs.runs[-1].host if theirs.runs else "another clone"
            self.display.say(
                f"goes on where {host} stopped; new here is what it did at {_listed(rows)}"
            )

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        """Whether another clone knew of attempts of which this one does not, or of more that they
        used.

        Raises:
            RecordError: They cannot be understood, or are of a newer version.
            JournalError: The journal cannot be read.
        """
        theirs = from_files(files)
        if theirs is None or theirs.clone == self.clone:
            return False
        return is_new(theirs.attempts, self.journal.carried(self.clone).attempts)

    def _believed(self, theirs: Record) -> Record:
        """What counts of a record where people sign: claims are not signed."""
        believed, rows = hints(theirs, self.journal.carried(self.clone))
        if rows:
            self.display.say(
                f"{_listed(sorted(rows))}: of what another clone did and was asked for, what is on "
                "the base counts, and what it used: a record is not signed (`requests.signed` in "
                "mission.yaml). What is missing is done again; ask again for what was asked"
            )
        return believed

    def _give_way(self, theirs: Record) -> None:
        """Take back what this clone's runner wrote into the file and did not publish, of rows with
        which the other clone went on: else it would stand against what that one published.

        A status that our journal does not know is a person's, and stays.
        """
        said = {event.task: event for event in self.journal.newest(StatusSet)}
        news = {one.task: one.at for one in theirs.events if one.kind == _STATUS}
        plan, committed = self.file.read(), self.committed()
        if committed is None:
            return
        changes = []
        for task, ours in said.items():
            row, before = plan.by_id.get(task or ""), committed.by_id.get(task or "")
            unheard = row is not None and row.id in news and not _same(news[row.id], ours.at)
            if row is None or before is None or not unheard or row.status != ours.what.new:
                continue
            changes += [
                CellChange(task=row.id, column=name, value=current(before, name))
                for name in ("status", "notes")
                if name in row.cells and current(row, name) != current(before, name)
            ]
        if changes:
            self.file.apply(changes)


def _listed(rows: Sequence[str]) -> str:
    more = " …" if len(rows) > _SHOWN else ""
    return f"{', '.join(rows[:_SHOWN])}{more}"


def _same(text: str, at: datetime) -> bool:
    return datetime.fromisoformat(text) == at
