#!/usr/bin/env bash
# A shop built, asked and taken down again with the AWS command line: shop.sh SCHEMAS DATA
#
# SCHEMAS is a folder with Interactions.json and Items.json, DATA an S3 folder with interactions.csv and items.csv.
# Endpoint, credentials and region come from the environment, and `aws` from the PATH.
# Each answer is one line: a name, a tab, JSON.
set -euo pipefail
schemas=$1 data=$2
role=arn:aws:iam::123456789012:role/personalize

say() { printf '%s\t%s\n' "$1" "$(tr -d '\n')"; }

refusal() { # a command that must be refused; prints the name of the error
  local words
  if words=$("$@" 2>&1 >/dev/null); then
    echo 'nothing was refused'
  else
    sed -nE 's/.*\(([A-Za-z]+)\).*/\1/p' <<<"$words"
  fi
}

until_active() { # kind, ARN
  local status=
  until [ "$status" = ACTIVE ]; do
    status=$(aws personalize "describe-$1" "--$1-arn" "$2" --query '*.status | [0]' --output text)
    if [[ $status == *FAILED ]]; then echo "$1 $2: $status" >&2 && exit 1; fi
    if [ "$status" != ACTIVE ]; then sleep 0.5; fi
  done
}

until_gone() { # kind, ARN
  until [ "$(refusal aws personalize "describe-$1" "--$1-arn" "$2")" = ResourceNotFoundException ]; do sleep 0.5; done
}

create() { # kind, options; prints the ARN
  local kind=$1
  shift
  aws personalize "create-$kind" "$@" --query '*|[0]' --output text
}

train() { # name, recipe; prints the ARN of the version
  local solution
  solution=$(create solution --name "$1" --dataset-group-arn "$group" --no-perform-auto-training \
    --recipe-arn "arn:aws:personalize:::recipe/$2")
  until_active solution "$solution" >&2
  create solution-version --solution-arn "$solution"
}

deploy() { # name, ARN of the version; prints the ARN of the campaign
  local campaign
  until_active solution-version "$2"
  campaign=$(create campaign --name "$1" --solution-version-arn "$2")
  until_active campaign "$campaign"
  echo "$campaign"
}

recommend() { # options of GetRecommendations
  aws personalize-runtime get-recommendations --query 'itemList[].itemId' --output json "$@"
}

# --- data ----------------------------------------------------------------------------------------------------------

group=$(create dataset-group --name shop --tags tagKey=team,tagValue=shop)
until_active dataset-group "$group"
datasets=() created_schemas=()
for type in Interactions Items; do
  name=shop-${type,,}
  schema=$(create schema --name "$name" --schema "file://$schemas/$type.json")
  dataset=$(create dataset --name "$type" --dataset-type "$type" --schema-arn "$schema" --dataset-group-arn "$group")
  until_active dataset "$dataset"
  job=$(create dataset-import-job --job-name "$name" --dataset-arn "$dataset" --role-arn "$role" --import-mode FULL \
    --data-source "dataLocation=$data/${type,,}.csv")
  until_active dataset-import-job "$job"
  datasets+=("$dataset") created_schemas+=("$schema")
done
items=$dataset

# --- models --------------------------------------------------------------------------------------------------------

for_you_version=$(train for-you aws-user-personalization-v2)
similar_version=$(train similar aws-similar-items)
ranking_version=$(train ranking aws-personalized-ranking-v2)
for_you=$(deploy for-you "$for_you_version")
similar=$(deploy similar "$similar_version")
ranking=$(deploy ranking "$ranking_version")

# --- events and answers --------------------------------------------------------------------------------------------

read -r tracker tracking_id < <(aws personalize create-event-tracker --name shop --dataset-group-arn "$group" \
  --query '[eventTrackerArn, trackingId]' --output text)
until_active event-tracker "$tracker"
recommend --campaign-arn "$for_you" --user-id newcomer --num-results 5 | say stranger
aws personalize-events put-events --tracking-id "$tracking_id" --user-id newcomer --session-id visit-1 --event-list \
  eventId=view-1,eventType=View,itemId=item-3-3,sentAt=2025-10-20T00:00:00Z \
  eventId=view-2,eventType=View,itemId=item-3-4,sentAt=2025-10-20T00:00:00Z
properties='{\"category\": \"shelf 3|new\", \"price\": 12.5, \"creationTimestamp\": 1760000000}'
fresh="{\"itemId\": \"fresh-1\", \"properties\": \"$properties\"}"
aws personalize-events put-items --dataset-arn "$items" --items "[$fresh]"
recommend --campaign-arn "$for_you" --user-id newcomer --num-results 5 | say recommended
aws personalize-runtime get-recommendations --campaign-arn "$for_you" --user-id newcomer --num-results 1 \
  --metadata-columns ITEMS=EXPLANATION --query 'itemList[0].metadata.EXPLANATION' --output text | say explained
recommend --campaign-arn "$similar" --item-id item-2-2 --num-results 3 | say similar
aws personalize-runtime get-personalized-ranking --campaign-arn "$ranking" --user-id newcomer \
  --input-list unknown-1 item-9-1 item-3-5 --query 'personalizedRanking[].itemId' --output json | say ranked

filter=$(create filter --name shelves --dataset-group-arn "$group" \
  --filter-expression 'INCLUDE ItemID WHERE Items.CATEGORY IN ($shelves)')
until_active filter "$filter"
recommend --campaign-arn "$for_you" --user-id newcomer --num-results 5 --filter-arn "$filter" \
  --filter-values '{"shelves": "\"shelf 5\",\"shelf 6\""}' | say filtered

# --- looking around ------------------------------------------------------------------------------------------------

aws personalize get-solution-metrics --solution-version-arn "$for_you_version" --query 'sort(keys(metrics))' \
  --output json | say metrics
aws personalize tag-resource --resource-arn "$group" --tags tagKey=stage,tagValue=test
aws personalize untag-resource --resource-arn "$group" --tag-keys team
aws personalize list-tags-for-resource --resource-arn "$group" --query tags --output json | say tags
aws personalize list-schemas --page-size 1 --query 'schemas[].name' --output json | say schemas
aws personalize describe-recipe --recipe-arn arn:aws:personalize:::recipe/aws-sims --query recipe.name \
  --output json | say recipe
eleven=$(for _ in {1..11}; do echo 'eventType=View,itemId=item-1-1,sentAt=2025-10-20T00:00:00Z'; done)
say refused <<END
{"taken name": "$(refusal aws personalize create-dataset-group --name shop)",
 "unknown campaign": "$(refusal aws personalize describe-campaign --campaign-arn "$for_you-x")",
 "unknown campaign asked": "$(refusal recommend --campaign-arn "$for_you-x" --user-id u)",
 "eleven events": "$(refusal aws personalize-events put-events --tracking-id "$tracking_id" --session-id visit-1 \
  --event-list $eleven)",
 "group in use": "$(refusal aws personalize delete-dataset-group --dataset-group-arn "$group")"}
END

# --- taking it down ------------------------------------------------------------------------------------------------

aws personalize delete-filter --filter-arn "$filter"
aws personalize delete-event-tracker --event-tracker-arn "$tracker"
# Each kind goes in the order in which it was asked to: when the last one is gone, all are.
for campaign in "$for_you" "$similar" "$ranking"; do aws personalize delete-campaign --campaign-arn "$campaign"; done
until_gone campaign "$ranking"
solutions=$(aws personalize list-solutions --dataset-group-arn "$group" --query 'solutions[].solutionArn' --output text)
for solution in $solutions; do aws personalize delete-solution --solution-arn "$solution"; done
until_gone solution "$solution"
for dataset in "${datasets[@]}"; do aws personalize delete-dataset --dataset-arn "$dataset"; done
until_gone dataset "$dataset"
for schema in "${created_schemas[@]}"; do aws personalize delete-schema --schema-arn "$schema"; done
until_gone event-tracker "$tracker"
until_gone filter "$filter"
aws personalize delete-dataset-group --dataset-group-arn "$group"
until_gone dataset-group "$group"
groups=$(aws personalize list-dataset-groups --query datasetGroups --output json)
echo "[$groups, $(aws personalize list-schemas --query schemas --output json)]" | say left
