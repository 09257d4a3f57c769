"""``/film?…``: the film of the experiment that the query describes, streamed while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.i18n import LANGUAGES, Language

_LOOK = 0.5
"""Seconds after which a response looks whether its reader is still there."""


async def film(request: Request) -> Response:
    """Serve a film, with ``still=1`` only its end, or with ``as=webp`` or ``as=gif`` its pictures as one that moves.

    Answers 400 with a sentence where it cannot be made.
    """
    from da_core.teaching.films.filming import normalised
    from da_core.teaching.films.studio import Reel, studio

    query = dict(request.query_params)
    lang, kind, acts, still = (query.pop(name, "") for name in ("lang", "as", "acts", "still"))
    language = Language(lang if lang in LANGUAGES else "en")
    try:
        experiment = await run_in_threadpool(lambda: normalised(Experiment.from_flat(query)))
        reel = await run_in_threadpool(lambda: studio().watch(experiment, acts, still=bool(still)))
    except UserError as error:
        return _refusal(language, error, kind)

    async def records(reel: Reel) -> AsyncIterator[bytes]:
        seen, whole = 0, False
        try:
            while not whole:
                new, whole = await run_in_threadpool(reel.wait, seen, _LOOK)
                seen += len(new)
                if new:
                    yield b"".join(new)
            if reel.problem is not None:
                yield _told(language, reel.problem, with_magic=not seen)
        finally:
            studio().leave(reel)

    if kind in ("webp", "gif"):
        from da_core.teaching.films import animation, film_file

        data = b"".join([part async for part in records(reel)])
        try:
            moving = await run_in_threadpool(lambda: animation.animated(film_file.decode(data), kind))
        except UserError as error:
            return _refusal(language, error, kind)
        return Response(moving, media_type=f"image/{kind}")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(records(reel), media_type="application/octet-stream", headers=headers)


def _refusal(language: Language, error: UserError, kind: str) -> Response:
    if kind:
        return PlainTextResponse(_sentence(language, error), status_code=400)
    # the player reads the sentence as it would a film: a status of its own would be an error in the console
    return Response(_told(language, error, with_magic=True), media_type="application/octet-stream")


def _told(language: Language, error: UserError, *, with_magic: bool) -> bytes:
    from da_core.teaching.films import film_file

    return (film_file.MAGIC if with_magic else b"") + film_file.problem(_sentence(language, error))


def _sentence(language: Language, error: UserError) -> str:
    known = {name: language.word(value) if isinstance(value, str) else value for name, value in error.values.items()}
    return language.translate(error.message, **known)
