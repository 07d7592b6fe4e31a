from include.models import better


def test_a_draw_keeps_the_old_model():
    assert not better(0.9, 0.9)
