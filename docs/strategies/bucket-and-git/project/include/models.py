"""What all DAGs share; the image has it."""


def better(new: float, old: float) -> bool:
    return new > old
