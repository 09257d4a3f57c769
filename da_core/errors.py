"""What we tell a person who gave us something that we cannot use."""

from __future__ import annotations


class UserError(ValueError):
    """One clear sentence that says what was wrong and what to do.

    ``message`` is the English sentence with ``{name}`` fields, and the key of its translation; ``values`` fill them.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        super().__init__(message.format(**values))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.message, self.values))


def _rebuild(message: str, values: dict[str, object]) -> UserError:
    return UserError(message, **values)
