from sales_report import report


def test_lines_are_sorted():
    assert report({"tea": 3, "coffee": 5}) == "coffee,5\ntea,3"
