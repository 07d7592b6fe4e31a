from refresh_warehouse import address


def test_each_environment_has_its_warehouse():
    assert address({"WAREHOUSE_HOST": "warehouse.dev.acme.example"}) == "https://warehouse.dev.acme.example/refresh"
