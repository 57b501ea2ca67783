"""A shop built, asked and taken down again with the AWS command line: `python shop.py SCHEMAS DATA`.

The commands run in this process, since each start of the command line takes half a second. SCHEMAS is a folder with
Interactions.json and Items.json, DATA an S3 folder with interactions.csv and items.csv. Endpoint, credentials and
region come from the environment, as for any team's code. Each answer is one line: a name, a tab, JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from awscli.botocore import xform_name
from awscli.botocore.exceptions import ClientError
from awscli.clidriver import create_clidriver

RECIPES = {"for-you": "aws-user-personalization-v2", "similar": "aws-similar-items"}
RECIPES |= {"ranking": "aws-personalized-ranking-v2"}
ROLE = "arn:aws:iam::123456789012:role/personalize"
POLL_SECONDS, WAIT_SECONDS = 0.1, 120


class CommandLine:
    """The AWS command line with the interface of a boto3 client: each call is one command."""

    def __init__(self, service):
        self.service, self.driver = service, create_clidriver()

    def __getattr__(self, operation):
        return partial(self.run, operation)

    def run(self, operation, **request):
        command = [self.service, operation.replace("_", "-"), "--output", "json"]
        for name, value in request.items():
            option = xform_name(name, "-")
            if isinstance(value, bool):
                command.append(f"--{option}" if value else f"--no-{option}")
            else:
                text = value if isinstance(value, str) else json.dumps(value, default=datetime.isoformat)
                command += [f"--{option}", text]
        with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()) as errors:
            status = self.driver.main(command)
        if status:
            [code] = re.findall(r"\((\w+)\)", errors.getvalue()) or [errors.getvalue()]
            raise ClientError({"Error": {"Code": code}}, operation)
        return json.loads(output.getvalue() or "{}")


personalize, events, runtime = map(CommandLine, ("personalize", "personalize-events", "personalize-runtime"))


def say(name, answer):
    print(name, json.dumps(answer), sep="\t")


def refusal(call, **request):
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "nothing was refused"


def described(describe, **name):
    return next(value for member, value in describe(**name).items() if member != "ResponseMetadata")


def until_active(describe, **name):
    deadline = time.monotonic() + WAIT_SECONDS
    while (status := described(describe, **name)["status"]) != "ACTIVE":
        if time.monotonic() > deadline:
            sys.exit(f"{name} is {status} after {WAIT_SECONDS} seconds")
        if status.endswith("FAILED"):
            sys.exit(f"{name}: {described(describe, **name)['failureReason']}")
        time.sleep(POLL_SECONDS)


def until_gone(describe, **name):
    deadline = time.monotonic() + WAIT_SECONDS
    while refusal(describe, **name) != "ResourceNotFoundException":
        if time.monotonic() > deadline:
            sys.exit(f"{name} exists after {WAIT_SECONDS} seconds")
        time.sleep(POLL_SECONDS)


def make_datasets(schemas, data):
    group = personalize.create_dataset_group(name="shop", tags=[{"tagKey": "team", "tagValue": "shop"}])
    group_arn = group["datasetGroupArn"]
    until_active(personalize.describe_dataset_group, datasetGroupArn=group_arn)
    arns = {}
    for kind in ("Interactions", "Items"):
        text = (schemas / f"{kind}.json").read_text()
        schema = personalize.create_schema(name=f"shop-{kind.lower()}", schema=text)["schemaArn"]
        made = personalize.create_dataset(name=kind, schemaArn=schema, datasetGroupArn=group_arn, datasetType=kind)
        arns[kind] = made["datasetArn"]
        until_active(personalize.describe_dataset, datasetArn=arns[kind])
        job = personalize.create_dataset_import_job(
            jobName=f"shop-{kind.lower()}",
            datasetArn=arns[kind],
            dataSource={"dataLocation": f"{data}/{kind.lower()}.csv"},
            roleArn=ROLE,
            importMode="FULL",
        )
        until_active(personalize.describe_dataset_import_job, datasetImportJobArn=job["datasetImportJobArn"])
    return group_arn, arns


def train(group_arn, name):
    solution = personalize.create_solution(
        name=name,
        datasetGroupArn=group_arn,
        recipeArn=f"arn:aws:personalize:::recipe/{RECIPES[name]}",
        performAutoTraining=False,
    )["solutionArn"]
    until_active(personalize.describe_solution, solutionArn=solution)
    return personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]


def deploy(name, version):
    until_active(personalize.describe_solution_version, solutionVersionArn=version)
    campaign = personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
    until_active(personalize.describe_campaign, campaignArn=campaign)
    return campaign


def item_ids(answer, member="itemList"):
    return [item["itemId"] for item in answer[member]]


def ask(campaigns, items_arn, tracking_id):
    asked = {"campaignArn": campaigns["for-you"], "userId": "newcomer", "numResults": 5}
    say("stranger", item_ids(runtime.get_recommendations(**asked)))
    seen = [("view-1", "item-3-3"), ("view-2", "item-3-4")]
    events.put_events(
        trackingId=tracking_id,
        userId="newcomer",
        sessionId="visit-1",
        eventList=[
            {"eventId": name, "eventType": "View", "itemId": item, "sentAt": datetime(2025, 10, 20, tzinfo=UTC)}
            for name, item in seen
        ],
    )
    properties = json.dumps({"category": "shelf 3|new", "price": 12.5, "creationTimestamp": 1760000000})
    events.put_items(datasetArn=items_arn, items=[{"itemId": "fresh-1", "properties": properties}])
    say("recommended", item_ids(runtime.get_recommendations(**asked)))
    why = runtime.get_recommendations(**asked, metadataColumns={"ITEMS": ["EXPLANATION"]})
    say("explained", json.loads(why["itemList"][0]["metadata"]["EXPLANATION"]))
    similar = runtime.get_recommendations(campaignArn=campaigns["similar"], itemId="item-2-2", numResults=3)
    say("similar", item_ids(similar))
    given = ["unknown-1", "item-9-1", "item-3-5"]
    ranked = runtime.get_personalized_ranking(campaignArn=campaigns["ranking"], userId="newcomer", inputList=given)
    say("ranked", item_ids(ranked, "personalizedRanking"))


def ask_with_filter(group_arn, campaign):
    expression = "INCLUDE ItemID WHERE Items.CATEGORY IN ($shelves)"
    made = personalize.create_filter(name="shelves", datasetGroupArn=group_arn, filterExpression=expression)
    until_active(personalize.describe_filter, filterArn=made["filterArn"])
    answer = runtime.get_recommendations(
        campaignArn=campaign,
        userId="newcomer",
        numResults=5,
        filterArn=made["filterArn"],
        filterValues={"shelves": '"shelf 5","shelf 6"'},
    )
    say("filtered", item_ids(answer))
    return made["filterArn"]


def look_around(group_arn, version, campaign, tracking_id):
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    say("metrics", sorted(metrics))
    personalize.tag_resource(resourceArn=group_arn, tags=[{"tagKey": "stage", "tagValue": "test"}])
    personalize.untag_resource(resourceArn=group_arn, tagKeys=["team"])
    say("tags", personalize.list_tags_for_resource(resourceArn=group_arn)["tags"])
    # The command line reads all pages and prints them as one.
    say("schemas", [schema["name"] for schema in personalize.list_schemas(pageSize=1)["schemas"]])
    say("recipe", personalize.describe_recipe(recipeArn="arn:aws:personalize:::recipe/aws-sims")["recipe"]["name"])
    one = {"eventType": "View", "itemId": "item-1-1", "sentAt": datetime(2025, 10, 20, tzinfo=UTC)}
    say(
        "refused",
        {
            "taken name": refusal(personalize.create_dataset_group, name="shop"),
            "unknown campaign": refusal(personalize.describe_campaign, campaignArn=f"{campaign}-x"),
            "unknown campaign asked": refusal(runtime.get_recommendations, campaignArn=f"{campaign}-x", userId="u"),
            "eleven events": refusal(
                events.put_events, trackingId=tracking_id, sessionId="visit-1", eventList=[one for _ in range(11)]
            ),
            "group in use": refusal(personalize.delete_dataset_group, datasetGroupArn=group_arn),
        },
    )


def take_down(group_arn, datasets, campaigns, filter_arn, tracker):
    personalize.delete_filter(filterArn=filter_arn)
    until_gone(personalize.describe_filter, filterArn=filter_arn)
    for campaign in campaigns.values():
        personalize.delete_campaign(campaignArn=campaign)
    for campaign in campaigns.values():
        until_gone(personalize.describe_campaign, campaignArn=campaign)
    personalize.delete_event_tracker(eventTrackerArn=tracker)
    until_gone(personalize.describe_event_tracker, eventTrackerArn=tracker)
    solutions = [
        solution["solutionArn"] for solution in personalize.list_solutions(datasetGroupArn=group_arn)["solutions"]
    ]
    for solution in solutions:
        personalize.delete_solution(solutionArn=solution)
    for solution in solutions:
        until_gone(personalize.describe_solution, solutionArn=solution)
    for dataset in datasets.values():
        schema = described(personalize.describe_dataset, datasetArn=dataset)["schemaArn"]
        personalize.delete_dataset(datasetArn=dataset)
        until_gone(personalize.describe_dataset, datasetArn=dataset)
        personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=group_arn)
    until_gone(personalize.describe_dataset_group, datasetGroupArn=group_arn)
    say("left", [personalize.list_dataset_groups()["datasetGroups"], personalize.list_schemas()["schemas"]])


def main(schemas, data):
    group_arn, datasets = make_datasets(Path(schemas), data)
    versions = {name: train(group_arn, name) for name in RECIPES}
    campaigns = {name: deploy(name, version) for name, version in versions.items()}
    tracker = personalize.create_event_tracker(name="shop", datasetGroupArn=group_arn)
    until_active(personalize.describe_event_tracker, eventTrackerArn=tracker["eventTrackerArn"])
    ask(campaigns, datasets["Items"], tracker["trackingId"])
    filter_arn = ask_with_filter(group_arn, campaigns["for-you"])
    look_around(group_arn, versions["for-you"], campaigns["for-you"], tracker["trackingId"])
    take_down(group_arn, datasets, campaigns, filter_arn, tracker["eventTrackerArn"])


main(*sys.argv[1:])
