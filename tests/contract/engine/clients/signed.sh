# Asks an engine that wants signatures, with Amazon's command line: `bash signed.sh`.
#
# Endpoint, credentials and region come from the environment. One line per call: the name of its error, or "ok".
outcome() {
  if said=$("$@" 2>&1 >/dev/null); then echo ok; else sed -n 's/.*An error occurred (\([A-Za-z]*\)).*/\1/p' <<<"$said"; fi
}
export AWS_MAX_ATTEMPTS=1
campaign=arn:aws:personalize:eu-west-1:111122223333:campaign/none
outcome aws personalize list-schemas
outcome aws personalize list-schemas
outcome aws personalize-runtime get-recommendations --campaign-arn "$campaign" --user-id "größe 1"
outcome aws personalize-events put-events --tracking-id none --session-id s --event-list eventType=View,sentAt=1
