"""The import validator of dagferry: imports DAG files as Airflow would, and answers what it found.

It exists because only a real import tells whether a DAG works, and because authors' code must never run beside a token.
So it runs here and nowhere else, in a process that has no credentials, no permissions and no way out.

Three processes: the supervisor takes requests and runs none of it (supervisor.py, and stdin.py, http.py and aws.py in front of
it); the importer has Airflow imported once (importer.py); a child of it, forked for each file, imports that one file between
guards (child.py, guards.py) and says what it saw on a pipe. What the child says concerns its own file only.

It needs nothing but Airflow, and works with Python 3.9 and later.
"""
