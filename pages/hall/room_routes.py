"""The addresses of rooms: the short one with a code, the pages, the state that followers wait for, acts and votes.

Who opened a room is known by `pages.session.account`, from cookies that no page can read, so only they can act in it; a
page of another server is refused by `pages.session.origin.OwnPages`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from da_core.teaching.hall.followers import followers
from da_core.teaching.hall.room import Room, RoomAct
from da_core.teaching.hall.rooms import ClosedRoomError, rooms
from pages.hall.room_snapshots import Snapshot, all_slides, snapshots, start_run
from pages.session import account, session_cookie
from pages.session.access import counted_address
from pages.session.origin import base_path
from pages.session.priority import is_instructor
from pages.session.words import negotiated

LOOK = 0.2
"""Seconds between two looks at a room that is waited for, which is in memory: one look for all who wait."""
WAIT = 20.0
"""Seconds after which followers who wait in vain are answered, and ask again."""
LARGEST = 8192
"""Bytes that an act or a vote may have."""

Role = Literal["follow", "stage", "notes"]
T = TypeVar("T")
Answer = Callable[[Request], Awaitable[Response]]


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _start_run(room: Room, visitor: str, address: str) -> str:
    """Start the run of the slide that is shown, ahead of others where a class follows."""
    slide, is_first = room.lecture.slides[room.state.place], is_instructor(visitor)
    return start_run(slide, visitor, address=counted_address(address), high_priority=is_first)


def _language(request: Request) -> Language:
    code = request.query_params.get("lang", "")
    return Language(code if code in LANGUAGES else negotiated(request.headers.get("Accept-Language", "")))


def _error_text(request: Request, error: UserError) -> str:
    language = _language(request)
    return language.translate_message(error.message, error.values)


def _as_page(answer: Answer) -> Answer:
    """Show what is wrong as a page of one sentence."""

    async def answered(request: Request) -> Response:
        from pages.hall import room_page

        try:
            return await answer(request)
        except UserError as error:
            page = room_page.sentence_page(_language(request), _error_text(request, error))
            return HTMLResponse(page, status_code=404)

    return answered


def _as_json(answer: Answer) -> Answer:
    """Say what is wrong in JSON. The status stays 200: a browser writes any other into its console as an error."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except UserError as error:
            return JSONResponse({"problem": _error_text(request, error)})

    return answered


_going_on: dict[tuple[str, ...], asyncio.Task[Any]] = {}
"""What is read, written or waited for just now, by what it is and the room's id: all who follow share the work."""


async def _once(*key: str, work: Callable[[], Awaitable[T]]) -> T:
    """Do work for a room, or wait for the same work that another follower began."""
    if key not in _going_on:
        task = _going_on[key] = asyncio.ensure_future(work())
        task.add_done_callback(lambda _done: _going_on.pop(key, None))
    done: T = await asyncio.shield(_going_on[key])  # who hangs up does not take it from the others
    return done


async def _room(room_id: str) -> Room:
    if rooms().is_fresh(room_id):
        return rooms().get(room_id)
    return await _once("room", room_id, work=lambda: run_in_threadpool(rooms().get, room_id))


async def _own_room(request: Request) -> Room:
    return (await _room(request.path_params["room"])).check_owner(account.owner_of(request))


@_as_page
async def short(request: Request) -> Response:
    """Lead from the short address to the room."""
    room_id = await run_in_threadpool(rooms().find, request.path_params["code"], _address(request))
    return RedirectResponse(f"{base_path()}/room/{room_id}")


def _page_of(role: Role) -> Answer:
    @_as_page
    async def page(request: Request) -> Response:
        from pages.hall import room_page

        room = await (_room(request.path_params["room"]) if role == "follow" else _own_room(request))
        join_address = f"{request.url.scheme}://{request.headers.get('Host', '')}{base_path()}/r/{room.code}"
        written = await run_in_threadpool(room_page.page, room, role, join_address)
        response = HTMLResponse(written, headers={"Cache-Control": "no-store"})
        session_cookie.give(request, response, base_path() or "/")
        return response

    return page


@_as_json
async def state(request: Request) -> Response:
    """Answer with the room's snapshot as soon as it is another than the follower has."""
    room_id, have = request.path_params["room"], request.query_params.get("have", "")
    try:
        await _note_follower(await _room(room_id), request)
        snapshot = await _once("change", room_id, have, work=lambda: _other_than(have, room_id))
    except ClosedRoomError as error:
        return JSONResponse({"closed": _error_text(request, error)})
    if snapshot is None:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(snapshot.gzip, media_type="application/json", headers=headers)
    return Response(snapshot.body, media_type="application/json", headers=headers)


async def _other_than(have: str, room_id: str) -> Snapshot | None:
    """Wait for a snapshot of a room with another tag; None after a while without one."""
    until = time.monotonic() + WAIT
    while True:
        snapshot = await _snapshot(await _room(room_id))
        if snapshot.tag != have:
            return snapshot
        if time.monotonic() > until:
            return None
        await asyncio.sleep(LOOK)


async def _snapshot(room: Room) -> Snapshot:
    if snapshots().is_due(room):
        return await _once("snapshot", room.room_id, work=lambda: run_in_threadpool(snapshots().of, room))
    return snapshots().of(room)


async def _note_follower(room: Room, request: Request) -> None:
    """Note a follower and the device, which may vote from then on."""
    visitor, browser = account.owner_of(request), session_cookie.read(request.cookies)
    if not visitor or room.is_owned_by(visitor):
        return
    followers().note(room.room_id, visitor)
    if browser is not None and not rooms().has_joined(room, browser):
        with contextlib.suppress(UserError):  # in a room that is full one can still look on; a vote says why it is none
            await run_in_threadpool(rooms().join, room, browser)


@_as_json
async def slides(request: Request) -> Response:
    """Answer with every slide, where each may go at a pace of their own."""
    room = await _room(request.path_params["room"])
    if room.state.pace == "held" and not room.is_owned_by(account.owner_of(request)):
        raise UserError("The instructor changes the slides here.")
    return JSONResponse(await run_in_threadpool(all_slides, room.lecture))


@_as_json
async def count(request: Request) -> Response:
    """Tell the instructor how many have answered, and of how many devices."""
    room = await _own_room(request)
    return JSONResponse(asdict(await run_in_threadpool(rooms().turnout, room)))


@_as_json
async def act(request: Request) -> Response:
    """Do what the instructor asks."""
    room = await _own_room(request)
    try:
        command = RoomAct.model_validate(await _body(request))
    except ValidationError as error:
        raise UserError("This cannot be done here.") from error
    if command.act == "run":
        run = await run_in_threadpool(_start_run, room, account.owner_of(request), _address(request))
        command = command.model_copy(update={"run": run})
    await run_in_threadpool(rooms().act, room.room_id, account.owner_of(request), command)
    return JSONResponse({})


@_as_json
async def vote(request: Request) -> Response:
    """Take a student's answer."""
    room, ballot = await _room(request.path_params["room"]), await _body(request)
    visitor = session_cookie.read(request.cookies)  # not who signed in: no name shall be found from a vote
    if visitor is None:
        raise UserError("Your browser rejects cookies, so it cannot vote.")
    try:
        slide, round_, answer = int(ballot["slide"]), int(ballot["round"]), ballot["answer"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError("This is not one of the answers.") from error
    await run_in_threadpool(rooms().vote, room.room_id, visitor, slide, round_, answer)
    return JSONResponse({})


async def _body(request: Request) -> dict[str, Any]:
    """Read a small JSON object. Raises `UserError` for anything else."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise UserError("This is too long.")
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError("This cannot be read.") from error
    if not isinstance(read, dict):
        raise UserError("This cannot be read.")
    return read


@_as_page
async def votes(request: Request) -> Response:
    """Give the instructor all votes as a table."""
    room = await _own_room(request)
    table = await run_in_threadpool(rooms().table, room.room_id, account.owner_of(request))
    headers = {"Content-Disposition": f'attachment; filename="votes-{room.code}.csv"'}
    return Response(table, media_type="text/csv", headers=headers)


@_as_page
async def handout(request: Request) -> Response:
    """Show the lecture as pages to print."""
    from pages.hall.print_pages import handout_page

    room = await _own_room(request)
    return HTMLResponse(await run_in_threadpool(handout_page, room.lecture))


@_as_page
async def worksheet(request: Request) -> Response:
    """Show the worksheet of a film, on one page to print."""
    from pages.hall.print_pages import worksheet_page

    query = {name: value for name, value in request.query_params.items() if name not in ("lang", "acts")}
    return HTMLResponse(await run_in_threadpool(worksheet_page, query, _language(request)))


def routes() -> list[Route]:
    """List the routes, below the path at which the app begins."""
    room = base_path() + "/room/{room}"
    return [
        Route(base_path() + "/r/{code}", short),
        Route(room, _page_of("follow")),
        Route(room + "/stage", _page_of("stage")),
        Route(room + "/notes", _page_of("notes")),
        Route(room + "/state", state),
        Route(room + "/slides", slides),
        Route(room + "/count", count),
        Route(room + "/act", act, methods=["POST"]),
        Route(room + "/vote", vote, methods=["POST"]),
        Route(room + "/votes.csv", votes),
        Route(room + "/handout", handout),
        Route(base_path() + "/print/worksheet", worksheet),
    ]
