from include.reports import key


def test_reports_are_sorted_by_day():
    assert key("2026-01-31", "sales") == "2026-01-31/sales.csv"
