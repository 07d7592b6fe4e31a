"""What all DAGs share; the image has it."""


def key(day: str, name: str) -> str:
    return f"{day}/{name}.csv"
