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
    from da_core.teaching.films.film_cache import StreamedFilm, film_cache
    from da_core.teaching.films.filming import normalised

    query = dict(request.query_params)
    lang, kind, acts, still = (query.pop(name, "") for name in ("lang", "as", "acts", "still"))
    language = Language(lang if lang in LANGUAGES else "en")
    try:
        experiment = await run_in_threadpool(lambda: normalised(Experiment.from_flat(query)))
        stream = await run_in_threadpool(lambda: film_cache().watch(experiment, acts, still=bool(still)))
    except UserError as error:
        return _refuse(language, error, kind)

    async def records(stream: StreamedFilm) -> AsyncIterator[bytes]:
        sent, whole = 0, False
        try:
            while not whole:
                new, whole = await run_in_threadpool(stream.wait, sent, _LOOK)
                sent += len(new)
                if new:
                    yield b"".join(new)
        finally:
            film_cache().leave(stream)

    if kind in ("webp", "gif"):
        from da_core.teaching.films import animation, film_file

        data = b"".join([part async for part in records(stream)])
        if stream.problem is not None:
            return _refuse(language, stream.problem, kind)
        moving = await run_in_threadpool(lambda: animation.animated(film_file.read_film(data), kind))
        return Response(moving, media_type=f"image/{kind}")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(records(stream), media_type="application/octet-stream", headers=headers)


def _refuse(language: Language, error: UserError, kind: str) -> Response:
    from da_core.teaching.films.film_file import FilmWriter

    if kind:
        return PlainTextResponse(language.translate_message(error.message, error.values), status_code=400)
    # the player reads the sentence as it would a film: a status of its own would be an error in the console
    return Response(FilmWriter().fail(error), media_type="application/octet-stream")
