"""Writes the sales report of each day."""

from datetime import datetime

from airflow.sdk import dag, task


def report(sales: dict[str, int]) -> str:
    return "\n".join(f"{name},{count}" for name, count in sorted(sales.items()))


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["sales"])
def sales_report():
    @task
    def write() -> str:
        from include.reports import key  # of the admin repository, in the image

        return key("2026-01-31", "sales") + "\n" + report({"tea": 3, "coffee": 5})

    write()


sales_report()
