"""What imports leave of rows by their ids, and imports that a kill breaks off."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import export, refusal, rows_of
from tests.contract.engine.running_engine import until_settled, until_status
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import interactions_csv, shop_rows

HEADER = "ITEM_ID,CATEGORY,DESCRIPTION,PRICE,CREATION_TIMESTAMP\n"


def prices(shop, job, mode="ALL"):
    export(shop, "Items", job, ingestionMode=mode)
    return {row["ITEM_ID"]: float(row["PRICE"]) for row in rows_of(shop, job)}


@pytest.mark.honours("CreateDatasetImportJob", "INCREMENTAL replaces items by their ids and adds others")
def test_items_are_replaced_by_id_and_put_ones_stay(new_shop):
    def load(job, mode, **by_id):
        text = HEADER + "".join(f"{item},toys,,{price},\n" for item, price in by_id.items())
        new_shop.load("Items", new_shop.s3.put("data", f"upsert/{new_shop.account}/{job}.csv", text), job, mode)

    load("first", "FULL", a=1, b=2)
    load("more", "INCREMENTAL", b=3, c=4)
    name = f"items-{new_shop.account}"
    assert prices(new_shop, f"{name}-1") == {"a": 1, "b": 3, "c": 4}

    new_shop.put_item("b", price=7)
    new_shop.put_item("d", price=8)
    load("anew", "FULL", b=9, e=5)

    assert prices(new_shop, f"{name}-2") == {"b": 7, "d": 8, "e": 5}
    assert prices(new_shop, f"{name}-3", "BULK") == {"b": 9, "e": 5}


@pytest.mark.honours("CreateDatasetImportJob", "text is stored without tags, entities and line breaks, and truncated")
def test_text_is_kept_as_it_is_trained_on(new_shop):
    text = HEADER + 'a,toys,"<p>Red &amp; ""warm""</p>\nfor all",1,\n' + f"b,toys,{'語' * 8000},1,\n"
    location = new_shop.s3.put("data", f"texts/{new_shop.account}.csv", text)

    new_shop.load("Items", location, "texts")

    export(new_shop, "Items", f"texts-{new_shop.account}", ingestionMode="BULK")
    first, second = rows_of(new_shop, f"texts-{new_shop.account}")
    assert first["DESCRIPTION"].split() == ["Red", '"warm"', "for", "all"]
    assert len(second["DESCRIPTION"]) == 7000


@pytest.mark.honours(
    "CreateDatasetImportJob", "needs a dataset, a role, an s3:// location, and FULL for the first import"
)
def test_an_import_that_makes_no_sense_is_refused(new_shop):
    create = new_shop.control.create_dataset_import_job
    request = {
        "jobName": "no",
        "datasetArn": new_shop.datasets["Items"],
        "dataSource": {"dataLocation": "s3://data/x.csv"},
        "roleArn": "arn:aws:iam::123456789012:role/personalize",
    }

    assert "must be FULL" in refusal(create, **{**request, "importMode": "INCREMENTAL"})[1]
    assert "must begin with s3://" in refusal(create, **{**request, "dataSource": {"dataLocation": "https://x/y"}})[1]
    without_role = {name: value for name, value in request.items() if name != "roleArn"}
    assert "roleArn is required" in refusal(create, **without_role)[1]
    missing = {**request, "datasetArn": request["datasetArn"].replace("ITEMS", "USERS")}
    assert refusal(create, **missing)[0] == "ResourceNotFoundException"


@pytest.mark.honours("CreateDatasetImportJob", "an import that a crash interrupted starts again and succeeds")
def test_imports_survive_a_kill_and_change_a_dataset_all_at_once(own_engine, s3):
    shop = Shop(own_engine, s3)
    rows = shop_rows()
    shop.load("Interactions", s3.put("data", "killed/first.csv", interactions_csv(rows[:100])), "first")
    many = [(f"{user}-{copy}", item, moment, kind) for copy in range(40) for user, item, moment, kind in rows[:1200]]
    arn = shop.control.create_dataset_import_job(
        jobName="second",
        datasetArn=shop.datasets["Interactions"],
        dataSource={"dataLocation": s3.put("data", "killed/second.csv", interactions_csv(many))},
        roleArn="arn:aws:iam::123456789012:role/personalize",
        importMode="FULL",
    )["datasetImportJobArn"]
    describe = {"datasetImportJobArn": arn}
    until_status(lambda: shop.control.describe_dataset_import_job(**describe), "CREATE IN_PROGRESS", "ACTIVE")
    own_engine.kill()
    (part,) = own_engine.directory.glob("groups/*/bulk/*")
    own_engine.start()

    until_settled(lambda: shop.control.describe_dataset_import_job(**describe))

    (new,) = own_engine.directory.glob("groups/*/bulk/*")
    assert new != part
    export(shop, "Interactions", "killed", ingestionMode="BULK")
    assert len(rows_of(shop, "killed")) == len(set(many))
    assert rows_of(shop, "killed")[0]["TIMESTAMP"] == str(rows[0][2])
