"""Letters, from the remote to the inbox, and their answers back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from errors import MissionError, RequestRefusedError
from gates.pause import PauseFiles
from mission.answers import Answer, RowAnswer
from mission.clock import Clock
from mission.config import RequestsConfig
from mission.journal import Journal
from mission.journal.kinds import LetterCame
from mission.letter import LIMIT, PAUSE, UNPAUSE, Letter, is_id, read_letter, refuse_time
from mission.slots import SlotsFile
from orchestrator.letters.answered import Answered
from orchestrator.letters.post import Opened, Post
from orchestrator.ports.display import Display
from tasks_md.model import Plan

_MOST_AT_ONCE = 100  # letters in one look: others are looked at in the next


class Letters:
    """What a run does with letters. Used by one thread at a time."""

    def __init__(
        self,
        post: Post,
        journal: Journal,
        answered: Answered,
        pause: PauseFiles,
        slots: SlotsFile,
        *,
        mission: str,
        config: RequestsConfig,
        keys: Callable[[], bytes],
        plan: Callable[[], Plan],
        clock: Clock,
        display: Display,
    ) -> None:
        """
        Args:
            mission: The mission, as all clones name it.
            keys: The content of the file that `requests.signed` names, where it names one. It
                raises a `RequestRefusedError` where that cannot be read.
            plan: The task file as it is now.
        """
        self._post = post
        self._journal = journal
        self._answered = answered
        self._pause = pause
        self._slots = slots
        self._mission = mission
        self._config = config
        self._keys = keys
        self._plan = plan
        self._clock = clock
        self._display = display
        self._lying: dict[str, str] = {}  # the commits of letters on the remote, by id
        self._left: set[str] = set()  # letters that the remote lets nobody take away

    @property
    def waiting(self) -> bool:
        """Whether some were taken in that have no answer yet."""
        return bool(self._answered.waiting())

    @property
    def to_take_away(self) -> bool:
        """Whether some are answered and still lie there."""
        return any(map(self._answered.is_answered, self._lying))

    def look(self) -> bool:
        """Take in what lies there. True: there was something new.

        Raises:
            GitError: The remote cannot be reached.
        """
        new = False
        waiting = self._post.waiting()
        self._lying = {one: at for one, at in waiting.items() if one not in self._left}
        for letter, commit in [*self._lying.items()][:_MOST_AT_ONCE]:
            if not is_id(letter):
                self._display.say("a ref among the requests on the remote is none: it is deleted")
                self._take_one_away(letter, commit)
            elif not self._answered.knows(letter):
                self._take_in(letter, commit)
                new = True
        return new

    def settle(self) -> bool:
        """Answer those whose requests are all applied or refused. True: there were some."""
        some = False
        for came in self._answered.waiting().values():
            requests = [self._journal.request(int(number)) for number in came.requests]
            if any(request.finished is None for request in requests):
                continue
            plan = self._plan()
            rows = [(request, plan.by_id.get(request.task)) for request in requests]
            self._answer(
                came.letter,
                came.asked,
                came.by,
                rows=tuple(
                    RowAnswer(
                        task=request.task,
                        status="" if row is None else row.status,
                        notes="" if row is None else row.notes,
                        error=request.error,
                    )
                    for request, row in rows
                ),
            )
            some = True
        return some

    def give_up(self, why: str) -> None:
        """Refuse what was taken in and is not applied yet."""
        for came in self._answered.waiting().values():
            for number in came.requests:
                self._journal.finish_request(int(number), why)

    def take_away(self) -> None:
        """Take away those that are answered. Called once their answers can be seen.

        Raises:
            GitError: The remote cannot be reached.
        """
        for letter, commit in [*self._lying.items()]:
            if self._answered.is_answered(letter):
                self._take_one_away(letter, commit)

    def _take_one_away(self, letter: str, commit: str) -> None:
        """Once: a remote that lets nobody delete is not asked again and again."""
        if not self._post.take_away(letter, commit):
            self._left.add(letter)
        del self._lying[letter]

    def _take_in(self, letter: str, commit: str) -> None:
        try:
            found = self._post.open(letter, commit)
        except RequestRefusedError as error:
            self._refuse(letter, "", "somebody", error)
            return
        if found is None:
            return
        by, signed = _printable(found.author), ""
        asked = ""
        try:
            asked, by, signed = self._apply(letter, found)
        except MissionError as error:
            self._refuse(letter, asked, by, error)
        else:
            told = f", signed by {signed}" if signed else ""
            self._display.say(f"{by} asks for {asked} from another clone{told}")

    def _apply(self, letter: str, found: Opened) -> tuple[str, str, str]:
        """Take one in: what it asks for, who asks, and who has signed it.

        Raises:
            MissionError: It does not count, with why.
        """
        now, expire = self._clock.now(), self._config.expire
        signed = self._signer(found, now, expire)
        asks = read_letter(found.content, id=letter, mission=self._mission)
        for when in (asks.at, found.at):
            refuse_time(when, now, expire)
        by = _printable(found.author)
        if asks.is_of_mission:
            self._hold(asks, by)
        else:
            self._ask(asks, by, signed)
        return asks.kind, by, signed

    def _signer(self, found: Opened, now: datetime, expire: timedelta) -> str:
        """Who has signed it; empty: nobody needs to."""
        if self._config.signed is None:
            return ""
        signed = self._post.signer(found.commit, self._keys())
        refuse_time(datetime.fromtimestamp(signed.at, now.tzinfo), now, expire)
        return _printable(signed.who)

    def _hold(self, asks: Letter, by: str) -> None:
        """Pause the mission, let it go on, or say how many rows at once."""
        if asks.kind == PAUSE:
            self._pause.write(by=by, reason=asks.note or "")
        elif asks.kind == UNPAUSE:
            self._pause.remove()
        elif asks.kind == LIMIT:
            self._slots.write(int(asks.note or ""))  # read when the letter was
        self._answer(asks.id, asks.kind, by)

    def _ask(self, asks: Letter, by: str, signed: str) -> None:
        who = by if not signed or signed in by else f"{by}, signed by {signed}"
        with self._journal.together():
            decided = self._answered.decided(asks.id)
            numbers = [
                decided.get(task)
                or self._journal.submit_request(
                    asks.kind, task, status=asks.status, note=asks.note, by=who
                )
                for task in dict.fromkeys(asks.tasks)
            ]
            self._answered.came(
                LetterCame(
                    letter=asks.id,
                    asked=asks.kind,
                    by=who,
                    requests=tuple(map(str, numbers)),
                    signed=signed,
                )
            )

    def _refuse(self, letter: str, asked: str, by: str, error: MissionError) -> None:
        self._display.say(f"a request of {by} from another clone is refused: {error.message}")
        self._answer(letter, asked, by, error=str(error))

    def _answer(
        self,
        letter: str,
        asked: str,
        by: str,
        *,
        error: str | None = None,
        rows: tuple[RowAnswer, ...] = (),
    ) -> None:
        answer = Answer(id=letter, kind=asked, by=by, at=self._clock.now(), error=error, rows=rows)
        self._answered.answer(answer)


def _printable(text: str) -> str:
    """A name that somebody gave themselves, on one line, without what a terminal acts on."""
    return "".join(one if one.isprintable() else "?" for one in text)[:200]
