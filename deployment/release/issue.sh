#!/usr/bin/env bash
# Keeps one open issue of a title while something differs: issue.sh TITLE true|false FILE. Needs gh.
set -euo pipefail
title=$1 drifted=$2 file=$3
number=$(gh issue list --state open --search "in:title \"${title}\"" --json number,title --jq "map(select(.title == \"${title}\"))[0].number // empty")
if [[ ${drifted} == true && -z ${number} ]]; then
  gh issue create --title "${title}" --body-file "${file}"
elif [[ ${drifted} == true ]]; then
  gh issue edit "${number}" --body-file "${file}"
elif [[ -n ${number} ]]; then
  gh issue close "${number}" --comment "Nothing differs any more."
fi
