"""Trains the model every week. Data scientists upload it; no git, no build."""

from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule="@weekly", start_date=datetime(2026, 1, 1), catchup=False, tags=["ml"])
def train_model():
    @task
    def train() -> float:
        return 0.93

    @task
    def publish(score: float) -> None:
        print(f"published, score {score}")

    publish(train())


train_model()
