"""Does one job of package pytest where the DAGs will run: by an interpreter of this machine, or in a container of the image.

The job is the first line of standard input, in JSON. The answer is the last line of standard output, after the job's word; all that tests say
goes to standard error. It needs Python 3.8 and nothing else, and is started with -I: nothing of the project is imported here.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

GRACE = 8  # seconds for an interrupted child to end

# Asked in a process of its own, with the paths that a test has.
LOOK = """
import importlib.util, json, sys
from importlib import metadata
def version(*names):
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return ""
pytest = importlib.util.find_spec("pytest") is not None and (version("pytest") or "unknown")
print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "airflow": version("apache-airflow", "apache-airflow-core"), "pytest": pytest or ""}))
"""


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a child prints is not the answer
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    jobs = os.fdopen(os.dup(0), "rb", 0)  # unbuffered: what follows the job is somebody else's
    job = json.loads(jobs.readline())
    scratch = tempfile.mkdtemp(prefix="dagferry-test-")
    try:
        said = {"look": look, "pytest": pytest, "import": imports}[job["do"]](job, jobs, scratch)
    except (OSError, tarfile.TarError) as no:
        said = {"error": str(no)}
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    answers.write("\n" + job["word"] + json.dumps(said) + "\n")
    answers.flush()


def look(job, jobs, scratch):
    """Which Python, Airflow and pytest there are; the last two may be ""."""
    _, said = child([sys.executable, "-c", LOOK], job, scratch, cwd=scratch, stdout=subprocess.PIPE)
    return json.loads(said)


def pytest(job, jobs, scratch):
    """How pytest ended, and what it wrote of it."""
    if not job["folder"]:
        unpack(jobs, job["replace"])
    folder, report = job["folder"] or os.getcwd(), os.path.join(scratch, "junit.xml")
    # What it remembers of its last run is no business of the project.
    command = [sys.executable, "-m", "pytest", "--rootdir=" + folder, "-o", "cache_dir=" + os.path.join(scratch, "cache"), *job["args"],
               "--junitxml=" + report, *job["paths"]]
    began = time.monotonic()
    status, _ = child(command, job, scratch, cwd=folder, stdin=subprocess.DEVNULL)
    said = {"status": status, "seconds": round(time.monotonic() - began, 3), "junit": ""}
    if os.path.exists(report):
        with open(report, encoding="utf-8", errors="replace") as text:
            said["junit"] = text.read()
    return said


def imports(job, jobs, scratch):
    """What the validator's program answers to the request that follows."""
    program = os.path.join(scratch, "dagferry_validator")
    os.mkdir(program)
    for name, text in job["program"].items():
        with open(os.path.join(program, name), "w", encoding="utf-8") as file:
            file.write(text)
    with open(os.path.join(scratch, "complaint"), "w+b") as complaint:
        status, said = child([sys.executable, "-I", "-B", program, "once"], job, scratch, stdin=jobs, stdout=subprocess.PIPE, stderr=complaint)
        complaint.seek(0)
        last = complaint.read().decode("utf-8", "replace").strip().split("\n")[-1]
    return {"status": status, "answer": said.decode("utf-8", "replace"), "complaint": last}


def unpack(jobs, replace):
    """Puts the project's files where the image has its own; a file that the project does not have any more is not left."""
    for name in replace:
        if os.path.islink(name) or os.path.isfile(name):
            os.remove(name)
        elif os.path.isdir(name):
            shutil.rmtree(name)
    with tarfile.open(fileobj=jobs, mode="r|") as files:
        for file in files:
            files.extract(file, set_attrs=True, numeric_owner=True, **trusted())
    while jobs.read(1 << 16):
        pass


def trusted():
    """The files are the project's own: links of theirs lead where they lead."""
    return {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}


def environment(job, scratch):
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    if job["folder"]:
        env.update(own_airflow(job["folder"], scratch))
    return dict(env, **job["environment"])


def own_airflow(folder, scratch):
    """An Airflow whose home is the project, as in Astro's image, and that writes nothing there. One that the user has set up is left."""
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))}
    if "AIRFLOW_HOME" in os.environ:
        return paths
    return dict(paths, AIRFLOW_HOME=folder, AIRFLOW_CONFIG=os.path.join(scratch, "airflow.cfg"), AIRFLOW__CORE__LOAD_EXAMPLES="False",
                AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///" + os.path.join(scratch, "airflow.db"),
                AIRFLOW__LOGGING__BASE_LOG_FOLDER=os.path.join(scratch, "logs"))


def child(command, job, scratch, **how):
    """A child's status, and its output if it has a pipe. An interrupted one is interrupted, and killed if it does not mind."""
    process = subprocess.Popen(command, env=environment(job, scratch), **how)
    try:
        said, _ = process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        raise
    return process.returncode, said


main()
