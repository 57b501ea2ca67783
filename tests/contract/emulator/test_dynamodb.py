"""Acknowledged items of DynamoDB survive the kill of the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


def make_table(dynamodb: Any, name: str = "table") -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "moment", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "moment", "AttributeType": "N"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-item",
                "KeySchema": [{"AttributeName": "item", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def test_items_put_changed_and_removed(emulator: Emulator) -> None:
    dynamodb = emulator.client("dynamodb")
    make_table(dynamodb)
    dynamodb.update_time_to_live(
        TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
    for moment in "123":
        item = {"user": {"S": "p"}, "moment": {"N": moment}, "item": {"S": "i"}, "bytes": {"B": b"\x00\xff"}}
        dynamodb.put_item(TableName="table", Item=item)
    dynamodb.delete_item(TableName="table", Key={"user": {"S": "p"}, "moment": {"N": "1"}})
    dynamodb.update_item(
        TableName="table",
        Key={"user": {"S": "p"}, "moment": {"N": "2"}},
        UpdateExpression="ADD seen :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": "table", "Item": {"user": {"S": "q"}, "moment": {"N": "9"}}}}]
    )
    written = dynamodb.scan(TableName="table")["Items"]

    emulator.restart()

    assert dynamodb.scan(TableName="table")["Items"] == written
    assert len(written) == 3
    by_item = dynamodb.query(
        TableName="table",
        IndexName="by-item",
        KeyConditionExpression="#i = :i",
        ExpressionAttributeNames={"#i": "item"},
        ExpressionAttributeValues={":i": {"S": "i"}},
    )
    assert by_item["Count"] == 2
    ttl = dynamodb.describe_time_to_live(TableName="table")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_a_scan_of_an_index_reads_its_items_alone(emulator: Emulator) -> None:
    dynamodb = emulator.client("dynamodb")
    make_table(dynamodb)
    for n in range(6):
        item = {"user": {"S": f"u{n}"}, "moment": {"N": "1"}} | ({"item": {"S": f"i{n}"}} if n % 2 else {})
        dynamodb.put_item(TableName="table", Item=item)
    dynamodb.delete_item(TableName="table", Key={"user": {"S": "u1"}, "moment": {"N": "1"}})

    for _ in range(2):
        first = dynamodb.scan(TableName="table", IndexName="by-item", Limit=1)
        start = first["LastEvaluatedKey"]
        rest = dynamodb.scan(TableName="table", IndexName="by-item", ExclusiveStartKey=start)
        assert sorted(item["item"]["S"] for page in (first, rest) for item in page["Items"]) == ["i3", "i5"]
        assert (first["ScannedCount"], rest["ScannedCount"]) == (1, 1)
        assert dynamodb.scan(TableName="table")["Count"] == 5
        emulator.restart()


def test_table_made_anew_is_empty(emulator: Emulator) -> None:
    dynamodb = emulator.client("dynamodb")
    make_table(dynamodb)
    dynamodb.put_item(TableName="table", Item={"user": {"S": "p"}, "moment": {"N": "1"}})
    dynamodb.delete_table(TableName="table")
    make_table(dynamodb)

    emulator.restart()

    assert dynamodb.scan(TableName="table")["Items"] == []
