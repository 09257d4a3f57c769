"""Read the settings of a server from environment variables named ``DA_LAB_…``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from da_core.system.structured_logs import LogFormat


class Settings(BaseSettings):
    """Settings of one server. The environment variable ``DA_LAB_<FIELD>`` sets a field."""

    model_config = SettingsConfigDict(env_prefix="DA_LAB_", frozen=True, use_attribute_docstrings=True)

    data_dir: Path = Field(default_factory=lambda: user_cache_path("da-lab", appauthor=False))
    """Folder of generated data, uploads and runs. On a server that does not listen on localhost alone, visitors may
    open files in its subfolder “shared” and nothing else."""
    workers: int = Field(1, ge=1, le=16)
    """Runs that train at the same time. With 1, a single run uses all cores, and the runs of a study share them: one
    run per core, each in its own process with one thread (on Linux, without a GPU)."""
    run_memory_mb: int = Field(0, ge=0)
    """Memory limit of one run, in megabytes; each run then trains in its own process, and a run that needs more does
    not bring the server down. 0: no limit, in the server's own process. Street scenes take about 800."""
    reading_memory_mb: int = Field(2_000, ge=300)
    """Memory limit for reading a visitor's files, in megabytes. Each reading is a process of its own (on Linux)."""
    reading_seconds: int = Field(20, ge=1)
    """Time limit for reading a visitor's files, in seconds."""
    cluster: str = ""
    """Address of a Dask scheduler whose workers train the runs, such as tcp://10.0.0.5:8786; by default this process
    trains them. One run trains on each worker."""
    queue_length: int = Field(50, ge=1)
    """Maximum number of waiting runs, of all visitors."""
    runs_each: int = Field(5, ge=1)
    """Maximum number of waiting, training and paused runs of one visitor."""
    benchmark_runs: int = Field(300, ge=1)
    """Maximum number of runs of one benchmark started in the app."""
    waiting_each_address: int = Field(default_factory=lambda fields: max(1, fields["queue_length"] * 4 // 5), ge=1)
    """Maximum number of waiting runs from one network address. By default four fifths of the queue: a class behind one
    address fits, and nobody can fill the queue by inventing visitors. Localhost has no limit."""
    run_epochs: int = Field(500, ge=1)
    """Maximum number of epochs of one run."""
    run_samples: int | None = Field(None, ge=1)
    """Maximum number of samples per domain in a run; by default there is no limit."""
    run_minutes: float | None = Field(None, gt=0)
    """Time limit of a run, in minutes: it ends after the epoch or stage that it is in and keeps what it has learned. By
    default there is no limit."""
    instructors: Annotated[tuple[str, ...], NoDecode] = ()
    """E-mail addresses of the signed-in users whose runs go first, separated by commas."""
    priority_followers: int = Field(5, ge=0)
    """Followers that a lecture room needs before its instructor's runs go first; 0 turns this off."""
    rooms: int = Field(500, ge=1)
    """Maximum number of open lecture rooms, of all visitors."""
    rooms_each_address: int = Field(40, ge=1)
    """Maximum number of open lecture rooms from one network address. Localhost has no limit."""
    database: str = ""
    """URL of the database that lists the runs, as SQLAlchemy writes it, such as postgresql+psycopg://user@host/name; by
    default an SQLite file in the data folder."""
    storage: str = ""
    """URL of a storage for finished runs, checkpoints and uploads that several servers share, as fsspec writes it, such
    as s3://bucket/folder (pip install s3fs); by default the data folder. Credentials come from the environment only."""
    storage_cache_megabytes: int = Field(2_000, ge=0)
    """Maximum disk space for copies of runs from the shared storage; copies of uploads may take as much again."""
    finished_runs_mb: int = Field(256, ge=0)
    """Maximum memory for finished runs that were read recently; others are read from disk."""
    runs_kept: int = Field(1000, ge=1)
    """Maximum number of finished runs on disk. Runs in the bin are deleted first, then runs without a name or tag."""
    bin_days: float = Field(30.0, ge=0)
    """Days after which a run in the bin is deleted."""
    checkpoint_seconds: float = Field(5.0, ge=0)
    """Minimum number of seconds between two checkpoints of a run. Checkpoints never take more than 3 % of a run's
    time."""
    lease_seconds: float = Field(180.0, gt=0)
    """Seconds after which a run that nobody looks at is stopped."""
    upload_megabytes: int = Field(200, ge=1)
    """Maximum size of one upload."""
    uploads_megabytes: int = Field(default_factory=lambda fields: 20 * fields["upload_megabytes"], ge=1)
    """Maximum disk space for all uploads, by default that of 20 of the largest; beyond it, those unused for longest are
    deleted."""
    uploads_each_megabytes: int = Field(default_factory=lambda fields: 5 * fields["upload_megabytes"], ge=1)
    """Maximum disk space for one visitor's uploads, by default that of 5 of the largest. A user on the server's own
    machine may use all of it."""
    upload_days: float = Field(180.0, gt=0)
    """Days without use after which an upload is deleted."""
    downloads: bool = True
    """Whether visitors may have the server download the data sets that it knows."""
    picture_pixels: int = Field(40_000_000, ge=1)
    """Maximum size of one picture, in pixels."""
    archive_files: int = Field(50_000, ge=1)
    """Maximum number of files in one archive or folder."""
    archive_megabytes: int = Field(2_000, ge=1)
    """Maximum size of one archive after unpacking."""
    table_rows: int = Field(200_000, ge=1)
    """Maximum number of rows read from one table."""
    samples_megabytes: int = Field(1_000, ge=1)
    """Maximum memory for the samples of one domain."""
    frame_ancestors: str = "'self'"
    """Sites that may show the app in a frame, as a Content-Security-Policy lists them."""
    log: LogFormat = "text"
    """Format of the log: “text”, or “json” for one object per line."""
    metrics_token: SecretStr = SecretStr("")
    """Token that opens /metrics (Authorization: Bearer …). Without it, only a server that answers to localhost's names
    alone shows them, and only to its own machine."""

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
