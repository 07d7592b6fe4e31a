from daily_orders import total


def test_cancelled_orders_do_not_count():
    assert total([{"amount": 2.5}, {"amount": 4.0, "cancelled": True}]) == 2.5
