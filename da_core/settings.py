"""The settings of a server: environment variables named ``DA_LAB_…``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from da_core.system.structured_logs import LogFormat


class Settings(BaseSettings):
    """The limits of one server. Every field can be set as ``DA_LAB_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="DA_LAB_", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: user_cache_path("da-lab", appauthor=False),
        description="Where generated data, uploads and runs are kept. Visitors of a server that does not listen on "
        "localhost alone may open what lies in its folder “shared”, and nothing else.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=16,
        description="Runs that train at the same time. With 1, a run has all cores, and runs of a study share them: "
        "one a core, each in a process of its own with one thread (on Linux, without a GPU).",
    )
    run_memory_mb: int = Field(
        0,
        ge=0,
        description="Most memory that one run may take, in megabytes; runs then train in processes of their own, and "
        "the server lives where one wants more. 0: no limit, in the server's own process. Street scenes "
        "take about 800.",
    )
    reading_memory_mb: int = Field(
        2_000,
        ge=300,
        description="Most memory that reading a visitor's own files may take, in megabytes. Each reading is a process "
        "of its own (on Linux).",
    )
    reading_seconds: int = Field(
        20, ge=1, description="Most seconds that one such reading may take; it then ends with a sentence."
    )
    cluster: str = Field(
        "",
        description="Where runs train if not in this process: the address of a scheduler of Dask distributed, such as "
        "tcp://10.0.0.5:8786. As many train at the same time as it has workers.",
    )
    queue_length: int = Field(50, ge=1, description="Runs that may wait, of all visitors together.")
    runs_each: int = Field(5, ge=1, description="Runs of one visitor that wait, go or are paused.")
    benchmark_runs: int = Field(300, ge=1, description="Most runs of one benchmark that is started in the app.")
    waiting_each_address: int = Field(
        default_factory=lambda fields: max(1, fields["queue_length"] * 4 // 5),
        ge=1,
        description="Runs that may wait of all visitors from one network address, four in five of all unless set: a "
        "class behind one address fits, and who makes up visitors leaves room to the others. Localhost does not count.",
    )
    run_epochs: int = Field(500, ge=1, description="Most epochs of one run.")
    run_samples: int | None = Field(None, ge=1, description="Most samples of one domain in a run; by default any.")
    run_minutes: float | None = Field(
        None,
        gt=0,
        description="Minutes after which a run ends early and keeps what it has learned, as soon as it comes to the "
        "end of an epoch or a stage; by default never.",
    )
    instructors: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="E-mail addresses of signed-in users whose runs go first, with commas between them."
    )
    priority_followers: int = Field(
        5,
        ge=0,
        description="So many people have to follow a room of the lecture hall for its instructor's runs to go first; "
        "0: no room has that effect.",
    )
    rooms: int = Field(500, ge=1, description="Rooms of the lecture hall that may be open, of all visitors together.")
    rooms_each_address: int = Field(
        40,
        ge=1,
        description="Rooms that may be open of all visitors from one network address, so that lecturers behind one "
        "address fit. Localhost does not count.",
    )
    database: str = Field(
        "",
        description="Where the list of runs is kept, as a URL of SQLAlchemy, such as "
        "postgresql+psycopg://user@host/name; by default a file of SQLite in the data folder.",
    )
    storage: str = Field(
        "",
        description="Where finished runs, checkpoints and uploads are kept if not in the data folder, so that "
        "several servers share them: a URL of fsspec, such as s3://bucket/folder (with pip install s3fs). Credentials "
        "are taken from the environment alone.",
    )
    storage_cache_megabytes: int = Field(
        2_000,
        ge=0,
        description="Most that copies of runs from that storage may take in the data folder, and copies of uploads "
        "as much again.",
    )
    finished_runs_mb: int = Field(
        256, ge=0, description="Memory that finished runs which were read lately may take; others come from the disk."
    )
    runs_kept: int = Field(
        1000,
        ge=1,
        description="Finished runs kept on disk. First go those in the bin, then those without a name or tag.",
    )
    bin_days: float = Field(30.0, ge=0, description="Days after which what lies in the bin is deleted.")
    checkpoint_seconds: float = Field(
        5.0,
        ge=0,
        description="Least seconds between two checkpoints of a run that trains. However few, they never take more "
        "than 3 % of its time.",
    )
    lease_seconds: float = Field(180.0, gt=0, description="A run that nobody has looked at for so long is ended.")
    upload_megabytes: int = Field(200, ge=1, description="Largest file that a visitor may upload.")
    uploads_megabytes: int = Field(
        default_factory=lambda fields: 20 * fields["upload_megabytes"],
        ge=1,
        description="Most that all uploads together may take on disk, 20 of the largest unless set; beyond it those "
        "longest unused are deleted.",
    )
    uploads_each_megabytes: int = Field(
        default_factory=lambda fields: 5 * fields["upload_megabytes"],
        ge=1,
        description="Most that one visitor's uploads may take, 5 of the largest unless set. Who sits at a server on "
        "localhost may use all there is.",
    )
    upload_days: float = Field(180.0, gt=0, description="Days without use after which an upload is deleted.")
    downloads: bool = Field(True, description="Whether visitors may have the server download the sets that it knows.")
    picture_pixels: int = Field(40_000_000, ge=1, description="Largest picture that is opened, in pixels.")
    archive_files: int = Field(50_000, ge=1, description="Most files read from one archive or folder.")
    archive_megabytes: int = Field(2_000, ge=1, description="Most bytes unpacked from one archive.")
    table_rows: int = Field(200_000, ge=1, description="Most rows read from one table.")
    samples_megabytes: int = Field(1_000, ge=1, description="Most memory that the samples of one domain may take.")
    frame_ancestors: str = Field("'self'", description="Sites that may show the app in a frame, as CSP writes them.")
    log: LogFormat = Field("text", description="How the log is written, “text” or “json”: one object a line.")
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Who brings it (Authorization: Bearer …) may read /metrics. Without one only a server that answers "
        "to localhost's names alone shows them, to its own machine.",
    )

    @property
    def database_url(self) -> str:
        """Return where the list of runs is kept."""
        return self.database or f"sqlite:///{self.data_dir.absolute() / 'runs.db'}"

    @field_validator("instructors", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(address.strip().lower() for address in value.split(",") if address.strip())
        return value

    @property
    def shared_dir(self) -> Path:
        """Return the only folder that visitors may open by its path; the operator puts it there.

        It is one of its own, because names of uploads and runs are the keys to them: who may list those has them all.
        """
        return self.data_dir / "shared"


@functools.cache
def settings() -> Settings:
    """Read the settings of this process, once."""
    return Settings()
