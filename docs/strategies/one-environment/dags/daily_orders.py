"""Sums up the orders of each day."""

from datetime import datetime

from airflow.sdk import dag, task


def total(orders: list[dict]) -> float:
    return sum(order["amount"] for order in orders if not order.get("cancelled"))


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["orders"])
def daily_orders():
    @task
    def read() -> list[dict]:
        return [{"amount": 19.5}, {"amount": 5.5}, {"amount": 7.0, "cancelled": True}]

    @task
    def add_up(orders: list[dict]) -> float:
        return total(orders)

    add_up(read())


daily_orders()
