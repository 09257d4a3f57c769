"""A visitor's tab without a browser: it speaks Streamlit's websocket as the page's script does.

It has the cookies of the document, sends the XSRF token as the handshake's second protocol, keeps what is on the
page, follows a page's own asking to run again, and looks at live parts of a page as often as that asks. Like a browser
it asks one thing at a time.
"""

from __future__ import annotations

import queue
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import websocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 60.0
"""Seconds after which a page that has not come is a failure."""
_AGAIN = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


class PageError(Exception):
    """What came is not a page as the visitor wants it."""


@dataclass
class Seen:
    """What a run of a page has brought: how long it took in seconds, and how many bytes came."""

    seconds: float
    size: int


@dataclass
class _Page:
    elements: dict[tuple[int, ...], Any] = field(default_factory=dict)
    fragments: dict[tuple[int, ...], str] = field(default_factory=dict)
    every: dict[str, float] = field(default_factory=dict)
    """Seconds between two looks at a live part, by its id."""
    due: dict[str, float] = field(default_factory=dict)
    """When the next look is."""


class Tab:
    """A tab on the server at ``home``; make it with `open`, and close it."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.url = urlsplit(home)
        self.page = _Page()
        self.hashes: dict[str, str] = {}
        """What the server calls its pages, by the last part of their addresses; the first is ""."""
        self._jar = CookieJar()
        self._http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._came: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._cached: dict[str, ForwardMsg] = {}
        self._query = ""
        self._here = ""
        self._socket: websocket.WebSocket | None = None

    def open(self, path: str = "/") -> Seen:
        """Load the document at ``path``, connect, and wait for the first page."""
        start = time.perf_counter()
        size = len(self.get(path))
        self.get("/_stcore/health")
        size += len(self.get("/_stcore/host-config"))
        parts = urlsplit(path)
        self._query = parts.query
        self.connect()
        first = self._run(page_name=parts.path.strip("/"))
        return Seen(time.perf_counter() - start, size + first.size)

    def get(self, path: str, body: bytes | None = None) -> bytes:
        """Ask for ``path`` with the visitor's cookies, or send ``body`` there."""
        headers = {"Accept": "text/html,*/*", "Accept-Language": "en", "Origin": self.home}
        request = urllib.request.Request(self.home + path, body, headers)
        with self._http.open(request, timeout=PATIENCE) as answer:
            read: bytes = answer.read()
            return read

    def timed(self, path: str, body: bytes | None = None) -> Seen:
        """Ask for ``path``, or send ``body`` there, where a refusal comes as JSON with a “problem”."""
        start = time.perf_counter()
        answer = self.get(path, body)
        if b'"problem"' in answer[:200]:
            raise PageError(answer.decode()[:200])
        return Seen(time.perf_counter() - start, len(answer))

    def connect(self) -> None:
        """Open the websocket; a thread answers the server's pings from then on."""
        cookies = {cookie.name: cookie.value or "" for cookie in self._jar}
        self._socket = websocket.create_connection(
            f"ws://{self.url.netloc}/_stcore/stream",
            timeout=PATIENCE,
            origin=self.home,
            host=self.url.netloc,
            cookie="; ".join(f"{name}={value}" for name, value in cookies.items()),
            subprotocols=["streamlit", cookies["_streamlit_xsrf"]],
            enable_multithread=True,
        )
        self._socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            self._socket.close(timeout=1)

    def go(self, screen: str) -> Seen:
        """Follow a link of the menu to the screen whose address ends so; "" is the first."""
        if screen not in self.hashes:
            raise PageError(f"there is no page “{screen}”, only {sorted(self.hashes)}")
        return self._run(page=self.hashes[screen])

    def again(self) -> Seen:
        """Run the page that is shown once more."""
        return self._run(page=self._here)

    def press(self, label: str) -> Seen:
        """Press the button that says so."""
        found = [element.button for element in self._of("button") if element.button.label == label]
        if not found or found[0].disabled:
            raise PageError(f"there is no button “{label}” to press")
        pressed = BackMsg()
        pressed.rerun_script.widget_states.widgets.add(id=found[0].id, trigger_value=True)
        return self._run(page=self._here, message=pressed)

    def can_press(self, label: str) -> bool:
        """Tell whether there is a button that says so, and is not greyed out."""
        return any(each.button.label == label and not each.button.disabled for each in self._of("button"))

    def enter(self, label: str, number: int) -> Seen:
        """Write a number into the field of that name."""
        found = [element.number_input for element in self._of("number_input") if element.number_input.label == label]
        if not found:
            raise PageError(f"there is no field “{label}”")
        entered = BackMsg()
        value = entered.rerun_script.widget_states.widgets.add(id=found[0].id)
        if found[0].data_type == found[0].INT:
            value.int_value = number
        else:
            value.double_value = number
        return self._run(page=self._here, message=entered)

    def upload(self, label: str, name: str, content: bytes) -> Seen:
        """Bring a file to the first uploader whose label begins so."""
        found = [element.file_uploader for element in self._of("file_uploader")]
        uploader = next((each for each in found if each.label.startswith(label)), None)
        if uploader is None:
            raise PageError(f"there is no uploader “{label}”")
        asked = BackMsg()
        asked.file_urls_request.request_id = name
        asked.file_urls_request.file_names.append(name)
        self._send(asked)
        while (told := self._receive()[0]).WhichOneof("type") != "file_urls_response":
            self._follow(told)
        (place,) = told.file_urls_response.file_urls
        self._put(place.upload_url, name, content)
        brought = BackMsg()
        state = brought.rerun_script.widget_states.widgets.add(id=uploader.id).file_uploader_state_value
        state.uploaded_file_info.add(name=name, size=len(content), file_id=place.file_id, file_urls=place)
        return self._run(page=self._here, message=brought)

    def _put(self, path: str, name: str, content: bytes) -> None:
        """Send a file as a form's only part."""
        edge = "--edge-of-the-part"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        token = next(cookie.value for cookie in self._jar if cookie.name == "_streamlit_xsrf") or ""
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "X-Xsrftoken": token, "Origin": self.home}
        request = urllib.request.Request(self.home + path, body, headers, method="PUT")
        with self._http.open(request, timeout=PATIENCE):
            pass

    def look(self, part: str) -> Seen:
        """Run a live part of the page."""
        return self._run(page=self._here, fragment=part)

    def watch(self, seconds: float, look: Callable[[str], object] | None = None) -> None:
        """Look at the live parts of the page as often as each asks, for so long; ``look`` does it in another way."""
        look, end = look or self.look, time.monotonic() + seconds
        while self.page.due and min(self.page.due.values()) < end:
            part = min(self.page.due, key=self.page.due.__getitem__)
            time.sleep(max(self.page.due[part] - time.monotonic(), 0))
            look(part)
            if part in self.page.due:
                self.page.due[part] = max(self.page.due[part] + self.page.every[part], time.monotonic())
        time.sleep(max(end - time.monotonic(), 0))

    @property
    def query(self) -> dict[str, str]:
        """What the address says behind its question mark."""
        return dict(parse_qsl(self._query))

    def links(self) -> list[str]:
        """List the addresses of the buttons that lead elsewhere."""
        return [element.link_button.url for element in self._of("link_button")]

    def says(self, text: str) -> bool:
        """Tell whether a text stands on the page."""
        return any(text.encode() in element.SerializeToString() for element in self.page.elements.values())

    def expect(self, text: str) -> None:
        """Raise `PageError` where a text does not stand on the page."""
        if not self.says(text):
            raise PageError(f"“{text}” is not on the page")

    def _of(self, kind: str) -> list[Any]:
        return [element for element in self.page.elements.values() if element.WhichOneof("type") == kind]

    def _run(self, *, page: str = "", page_name: str = "", fragment: str = "", message: BackMsg | None = None) -> Seen:
        start = time.perf_counter()
        asked = message or BackMsg()
        client = asked.rerun_script
        client.query_string = self._query
        client.page_script_hash, client.page_name, client.fragment_id = page, page_name, fragment
        client.is_auto_rerun = bool(fragment)
        client.cached_message_hashes.extend(self._cached)
        client.context_info.timezone, client.context_info.locale = "UTC", "en-US"
        client.context_info.url, client.context_info.color_scheme = self.home + "/", "light"
        self._send(asked)
        size = 0
        while True:
            told, bytes_of_it = self._receive()
            size += bytes_of_it
            self._follow(told)
            if told.WhichOneof("type") == "script_finished" and told.script_finished != _AGAIN:
                self._check()
                return Seen(time.perf_counter() - start, size)

    def _send(self, message: BackMsg) -> None:
        assert self._socket is not None
        self._socket.send_binary(message.SerializeToString())

    def _receive(self) -> tuple[ForwardMsg, int]:
        """Wait for the server's next message; return it and how many bytes came."""
        try:
            came = self._came.get(timeout=PATIENCE)
        except queue.Empty:
            raise PageError("no page came in time") from None
        if isinstance(came, Exception):
            raise PageError(f"the connection ended: {came}") from came
        told = ForwardMsg.FromString(came)
        if told.WhichOneof("type") == "ref_hash":
            told = self._cached[told.ref_hash]
        elif told.metadata.cacheable:
            self._cached[told.hash] = told
        return told, len(came)

    def _follow(self, told: ForwardMsg) -> None:
        """Change the page as the message says."""
        match told.WhichOneof("type"):
            case "new_session":
                parts = set(told.metadata.run.fragment_ids)
                if not parts:
                    self.page = _Page()
                    return
                self._here = told.new_session.page_script_hash or self._here
                old = [place for place, part in self.page.fragments.items() if part in parts]
                for place in old:
                    self.page.elements.pop(place, None)
            case "delta" if told.delta.WhichOneof("type") == "new_element":
                place = tuple(told.metadata.delta_path)
                self.page.elements[place] = told.delta.new_element
                self.page.fragments[place] = told.delta.fragment_id
            case "auto_rerun":
                part, every = told.auto_rerun.fragment_id, told.auto_rerun.interval
                if self.page.every.get(part) != every:
                    self.page.every[part], self.page.due[part] = every, time.monotonic() + every
            case "stop_auto_rerun":
                for part in told.stop_auto_rerun.fragment_ids:
                    self.page.every.pop(part, None)
                    self.page.due.pop(part, None)
            case "page_info_changed":
                self._query = told.page_info_changed.query_string
            case "navigation":
                self._here = told.navigation.page_script_hash
                pages = told.navigation.app_pages
                self.hashes = {"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}

    def _check(self) -> None:
        """Raise `PageError` where an error stands on the page."""
        if self._of("exception"):
            raise PageError(self._of("exception")[0].exception.message)
        for element in self._of("alert"):
            if element.alert.format == element.alert.ERROR:
                raise PageError(element.alert.body)

    def _read(self) -> None:
        """Take what comes; answering pings is a part of it."""
        assert self._socket is not None
        try:
            while True:
                came = self._socket.recv()
                if not came:
                    raise ConnectionError("closed")
                self._came.put(came if isinstance(came, bytes) else came.encode())
        except Exception as error:  # whatever it is, it ends this tab, and is told where the tab waits
            self._came.put(error)


def link(screen: str = "", **query: str) -> str:
    """Write the path of a screen with its query."""
    return f"/{screen}?{urlencode(query)}" if query else f"/{screen}"
