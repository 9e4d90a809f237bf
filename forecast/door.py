"""Who may start in a play: the run's own admission, and what people and days do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from forecast.clockwork import PlayedClock
from forecast.purse import FullPurse, PlayedPurse
from forecast.scene import Scene
from mission.outcome import Outcome
from mission.state import Status
from mission.steps import End
from orchestrator.admission.admission import Admission
from orchestrator.admission.rests import Rests
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.ends import Again, TaskEnd, Unreviewed
from policy.budget import Amount, Scope
from policy.retry import Limit
from tasks_md.model import Task

_ALL_LIMITS = 4  # ways to let rows start: no more than one for each limit that may refuse them
_A_MOMENT = 1e-6  # seconds: as fine as datetimes are


class Door:
    """Holds the rests, the purse and the admission of one play."""

    def __init__(
        self,
        scene: Scene,
        clock: PlayedClock,
        chance: Callable[[], float],
        *,
        shortcut: bool,
    ) -> None:
        """`shortcut`: nobody is asked while whoever is asked first may start."""
        self._scene = scene
        self._clock = clock
        self._chance = chance
        self._shortcut = shortcut
        self._purse: FullPurse | PlayedPurse = (
            FullPurse()
            if scene.ledger is None
            else PlayedPurse(scene.ledger, scene.amounts, scene.now)
        )
        self.runs = 1  # `mission run` that a person typed
        self._in_vain = 0  # times that rows were let start since the last job ended
        self._open()
        for agent, until in scene.rests.items():
            limit = Limit(outcome=Outcome.RATE_LIMIT, retry_at=until)
            self._rests.begin(agent, limit, now=clock.now(), dice=0.0)
            self.calm = False

    def _open(self) -> None:
        self._rests = Rests(self._scene.config)
        self.admission = Admission(
            self,
            self._purse,
            self._rests,
            self._scene.config,
            display=RecordingDisplay(),
            clock=self._clock,
            dice=self._chance,
        )
        self._look()

    @property
    def broken(self) -> frozenset[Scope]:
        """The limits that were reached."""
        purse = self._purse
        return frozenset(purse.broken) if isinstance(purse, PlayedPurse) else frozenset()

    def carrier(self, task: Task) -> str:
        """Who carries a row out."""
        return self._scene.courses[task.id].carrier

    def admits(self, task: Task, agent: str) -> str | None:
        """Who may start with a row now; None: nobody."""
        if self.calm:
            return agent
        chosen = self.admission.admits(task, agent)
        if chosen is not None:
            self._look()
        return chosen

    def allowance(self, task: Task, agent: str) -> int | None:
        """The tokens that a row may use still; None: no limit of its own says so."""
        return self._purse.token_limit(task, agent)

    def lift(self, task: str) -> None:
        """A person lets a row use more than its own limit, which it has reached."""
        if isinstance(self._purse, PlayedPurse):
            self._purse.lift(task)

    def use(self, task: str, tokens: float, usd: float) -> None:
        """A row has used this."""
        if isinstance(self._purse, PlayedPurse):
            self._purse.use(task, Amount(tokens=int(tokens), cost_usd=usd))

    def ended(
        self,
        task: str,
        agent: str | None,
        end: End | None,
        *,
        status: Status | None = None,
        said: Outcome | None = None,
        again: Again | None = None,
        unreviewed: Unreviewed | None = None,
    ) -> None:
        """A job is over; the arguments behind the agent are those of `TaskEnd`."""
        told = TaskEnd(
            task=task,
            attempt=0,
            status=status,
            end=end,
            said=said,
            again=again,
            unreviewed=unreviewed,
        )
        self.admission.ended(told, agent)
        self._in_vain = 0
        self._look()

    def pass_time(self) -> bool:
        """Let the time come at which a row is tried again, if it is the next that happens."""
        clock = self._clock
        left = self.admission.delays.seconds_left(clock.now())
        if left is None or (clock.happens and clock.time + left >= clock.happens[0][0]):
            return False
        clock.time += left + _A_MOMENT
        return True

    def _look(self) -> None:
        #: Whether nobody need be asked.
        self.calm = self._shortcut and self.admission.unhindered

    def relieve(self, ready: Iterable[str]) -> bool:
        """Nothing goes on by itself. Whether a person, or another day, lets rows start. Not again
        and again where none does: a row may ask for more than any day has."""
        refused = self.admission.refused
        if not any(row in refused for row in ready) or self._in_vain == _ALL_LIMITS:
            return False
        self._in_vain += 1
        self.runs += 1
        if any(one.scope is Scope.PROVIDER for one in refused.values()):
            self._open()
        elif isinstance(self._purse, PlayedPurse) and not self._purse.relieve(refused):
            self._clock.time += _to_midnight(self._clock.now()) + _A_MOMENT
        refused.clear()
        return True


def _to_midnight(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return (midnight - now).total_seconds()
