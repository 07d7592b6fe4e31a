"""What Airflow's own DagBag says of a folder: {file: {"dags": [...], "failed": ...}}. Arguments: the folder."""
import json
import os
import sys

root = sys.argv[1]
sys.path.append(root)
try:
    from pathlib import Path

    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=root, bundle_path=Path(root), bundle_name="plain")
except ImportError:
    from airflow.models.dagbag import DagBag

    bag = DagBag(dag_folder=root, include_examples=False)
said = {}
for dag in bag.dags.values():
    said.setdefault(os.path.relpath(dag.fileloc, root), {"dags": [], "failed": False})["dags"].append(dag.dag_id)
for path in bag.import_errors:
    said.setdefault(os.path.relpath(os.path.join(root, path), root), {"dags": [], "failed": False})["failed"] = True
print("\n" + json.dumps(said))
