"""Refreshes the warehouse of the environment that it runs in: the Deployment's variables say which."""

import os
from datetime import datetime

from airflow.sdk import dag, task


def address(environment: dict[str, str]) -> str:
    return f"https://{environment['WAREHOUSE_HOST']}/refresh"


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False, tags=["warehouse"])
def refresh_warehouse():
    @task
    def refresh() -> str:
        return address(dict(os.environ))

    refresh()


refresh_warehouse()
