"""Who comes to the server, as Locust's users: a class that works, a teacher whose run trains, and passers-by.

    locust -f tests/load/lab_users.py --host http://localhost:8501 ClassMember

opens Locust's own page against any server; `tests.load.locust_lab` starts servers of its own and holds them to goals.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from urllib.parse import urlsplit

from locust import User, task
from locust.exception import StopUser

from tests.load.browser_tab import PageError, Seen, Tab, link

QUICK = {"data": "blobs", "network": "identity", "method": "coral", "device": "cpu"}
"""An experiment that is over in less than a second."""
LONG = {"method": "dann", "data.count": "200", "training.epochs": "500", "training.batch_size": "8", "device": "cpu"}
"""One that trains for minutes."""
SCREENS = ("", "data", "network", "method", "train", "results", "runs")
_SEEDS = 10
_QUESTION = 4
"""The slide of the first lecture that asks."""


class Visitor(User):  # type: ignore[misc]
    """Somebody with a tab; everything asked of the server is told to Locust."""

    abstract = True
    path = "/"

    def on_start(self) -> None:
        """Open the tab."""
        self.tab = Tab(self.host)
        if not self.ask("first load", lambda: self.tab.open(self.path)):
            raise StopUser

    def on_stop(self) -> None:
        """Close it."""
        self.tab.close()

    def ask(self, kind: str, act: Callable[[], Seen]) -> bool:
        """Do something and tell Locust how long it took; False where it failed."""
        seen, failed = Seen(0.0, 0), None
        try:
            seen = act()
        except Exception as error:  # whatever it is, the visitor did not get what they asked for
            failed = error
        self.environment.events.request.fire(
            request_type="tab",
            name=kind,
            response_time=1000 * seen.seconds,
            response_length=seen.size,
            exception=failed,
            context={},
        )
        return failed is None

    def stay(self, seconds: float) -> None:
        """Stay on the page, whose live parts ask again meanwhile."""
        self.tab.watch(seconds, lambda part: self.ask("look", lambda: self.tab.look(part)))


class Teacher(Visitor):
    """Trains one long run and watches it."""

    fixed_count = 1
    path = link("train", **LONG)

    def on_start(self) -> None:
        """Start the run."""
        super().on_start()
        self.ask("submit", lambda: self.tab.press("Start training"))

    @task
    def watch(self) -> None:
        """Look at it as it goes."""
        self.stay(5)


class ClassMember(Visitor):
    """One of a class: goes from page to page, changes the seed and trains, votes in the lecture.

    On average each thing done has one submit (a new value, a press, a vote) and 1.2 changes of page.
    """

    path = link("train", **QUICK)
    pause = 30.0
    """Seconds between two things that one does."""
    room = ""
    """The room in which the class votes; without one nobody does."""

    @task(2)
    def look_around(self) -> None:
        """Go to another page."""
        screen = random.choice(SCREENS)
        self.ask("page change", lambda: self.tab.go(screen))
        self._think()

    @task(2)
    def change_one_thing_and_train(self) -> None:
        """Choose another seed and press Start training; most meet a run of the class that waits or is done."""
        seed = (int(self.tab.query.get("seed", "0")) + random.randint(1, _SEEDS - 1)) % _SEEDS
        if (
            self.ask("page change", lambda: self.tab.go("network"))
            and self.ask("submit", lambda: self.tab.enter("Seed", seed))
            and self.ask("page change", lambda: self.tab.go("train"))
        ):
            self.ask("submit", self._start)
        self._think()

    @task(1)
    def vote(self) -> None:
        """Answer the question on the slide."""
        if self.room:
            self.ask("submit", self._vote)
        self._think()

    def _start(self) -> Seen:
        seen = self.tab.press("Start training")
        if "run" not in self.tab.query:
            raise PageError("Start training gave no run")
        return seen

    def _vote(self) -> Seen:
        path = f"/room/{self.room}"
        told = self.tab.timed(path + "/state?have=")
        given = {"slide": _QUESTION, "round": 1, "answer": random.randint(0, 1)}
        answer = self.tab.timed(path + "/vote", json.dumps(given).encode())
        return Seen(told.seconds + answer.seconds, told.size + answer.size)

    def _think(self) -> None:
        self.stay(self.pause * random.uniform(0.5, 1.5))


class PasserBy(Visitor):
    """Comes, looks at two pages and leaves; in every tenth session trains a run of their own to its end."""

    numbers = itertools.count(1)
    """One for each visit."""
    finished = 0
    """Runs that came to their end."""

    @task
    def visit(self) -> None:
        """Make one visit."""
        number = next(self.numbers)
        self.ask("page change", lambda: self.tab.go("runs"))
        if number % 9 == 0:  # for the run they come once more: a tenth session
            self.tab.close()
            self.tab = Tab(self.host)
            self.path = link("train", **QUICK, seed=str(number))
            if self.ask("first load", lambda: self.tab.open(self.path)) and self.ask(
                "submit", lambda: self.tab.press("Start training")
            ):
                self._see_it_end()
        else:
            self.ask("page change", lambda: self.tab.go("train"))
        self.tab.close()
        self.tab = Tab(self.host)
        self.path = "/"
        self.ask("first load", lambda: self.tab.open(self.path))

    def _see_it_end(self) -> None:
        while self.tab.page.every:
            self.stay(0.6)
        if self.tab.says("See what moved"):
            type(self).finished += 1
        else:
            self.environment.events.request.fire(
                request_type="tab",
                name="run",
                response_time=0,
                response_length=0,
                exception=PageError("no end"),
                context={},
            )


def open_room(tab: Tab) -> str:
    """Open a room for the first lecture, go to its question and open the vote; return the room's id."""
    tab.open("/lecture_hall")
    tab.press("Open a room")
    stage = next(address for address in tab.links() if address.endswith("/stage"))
    room = urlsplit(stage).path.split("/")[-2]
    for act in ({"act": "go", "place": _QUESTION}, {"act": "open"}):
        tab.get(f"/room/{room}/act", json.dumps(act).encode())
    return room
