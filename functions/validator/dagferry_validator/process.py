"""The importer's process, as the supervisor sees it: it is started with an environment of its own, asked about one file after the other,
and started again when one of them killed it."""
import json
import os
import select
import subprocess
import sys
import tempfile
import time

from .importer import GRACE
from .rules import FORBIDDEN, finding

START = 120  # seconds to import Airflow: 2 to 5, on a cold disk without .pyc many times that
# What Airflow needs of the environment. All else, such as the platform's own credentials, stays here.
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH", "AIRFLOW_HOME")


class Unavailable(Exception):
    """There is no importer: this interpreter has no Airflow that works."""


class Importer:
    def __init__(self, home):
        self.home, self.process, self.hello = home, None, None

    def launch(self):
        """Starts the process if there is none, and does not wait for it."""
        if self.process is not None:
            return
        self.errors = tempfile.TemporaryFile()
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        code = "import sys; sys.path.insert(0, %r); from dagferry_validator.importer import main; main()" % package
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=self.environment(), cwd=self.home, start_new_session=True)
        self.hello = None

    def start(self):
        """Waits for a process that has imported Airflow. Unavailable says what Python said instead."""
        self.launch()
        if self.hello is not None:
            return
        line = self.receive(START)
        if line is None:
            self.end()
            self.errors.seek(0)
            said = self.errors.read().decode("utf-8", "replace").strip()[-1500:]
            raise Unavailable("Airflow cannot be imported by %s: %s" % (sys.executable, said or "it did not answer"))
        self.hello = json.loads(line)

    def environment(self):
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env.setdefault("AIRFLOW_HOME", self.home)
        packages = os.path.join(self.home, "packages")  # of the user whom an image was made for (Dockerfile)
        if os.path.exists(packages):
            with open(packages) as folders:
                env["PYTHONPATH"] = os.pathsep.join(filter(None, [folders.read().strip(), env.get("PYTHONPATH")]))
        database = "sqlite:///" + os.path.join(self.home, "airflow.db")
        # A configuration of its own: another one may name a database and secrets.
        env.update(HOME=self.home, AIRFLOW_CONFIG=os.path.join(self.home, "airflow.cfg"), AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database, AIRFLOW__CORE__SQL_ALCHEMY_CONN=database,
                   AIRFLOW__SECRETS__BACKEND="", AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
                   AIRFLOW__LOGGING__BASE_LOG_FOLDER=os.path.join(self.home, "logs"), AIRFLOW__LOGGING__DAG_PROCESSOR_LOG_TARGET="stdout",
                   AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH="50", AIRFLOW__CORE__UNIT_TEST_MODE="False")
        return env

    def ask(self, job):
        """The answer about one file. When the process dies of it, that is the answer."""
        self.start()
        line = None
        try:
            self.process.stdin.write((json.dumps(job) + "\n").encode())
            self.process.stdin.flush()
            line = self.receive(job["timeout"] + 3 * GRACE + 5)
        except OSError:
            pass
        if line is not None:
            return json.loads(line)
        self.end()
        return {"seconds": 0, "dags": [], "findings": [finding(FORBIDDEN, "the process that imports files ended, or stopped to answer, over it")]}

    def receive(self, seconds):
        """A line; None when the process ends or takes too long."""
        data, out, deadline = bytearray(), self.process.stdout.fileno(), time.monotonic() + seconds
        while not data.endswith(b"\n"):
            if not select.select([out], [], [], max(deadline - time.monotonic(), 0))[0]:
                return None
            part = os.read(out, 1 << 16)
            if not part:
                return None
            data += part
        return bytes(data)

    def end(self):
        if self.process is None:
            return
        try:
            self.process.stdin.close()  # it ends by itself then, and with it what it has forked
            self.process.wait(GRACE)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            try:
                end.close()
            except OSError:
                pass
        self.process = None
