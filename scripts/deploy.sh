#!/usr/bin/env bash
# Deploy the clickstream lake to the AWS account of the environment, wait, and print what it is called.
#
#   scripts/deploy.sh [--environment dev|staging|production] [--stack-name NAME]
#                     [--stream-shard-count N] [--lambda-memory-size MB] [--data-retention-days DAYS]
#                     [--asset-bucket NAME] [--asset-prefix PREFIX/] [--template FILE] [--no-publish]
#
# Defaults: dev, clickstream-<environment>, and those of the template (2, 256, 30). What is left out of an update
# stays as it was. The templates and their code are written and published first (`make publish`); with --no-publish
# those of --template are taken as they are.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ENVIRONMENT=dev
STACK=
BUCKET=
PREFIX=clickstream/
IS_PUBLISHING=yes
PARAMETERS=()

read_arguments() {
  while (($# > 0)); do
    case "$1" in
      --help) show_help && exit 0 ;;
      --no-publish) IS_PUBLISHING=no && shift && continue ;;
    esac
    (($# > 1)) || wrong_usage "$1: unknown, or its value is missing"
    case "$1" in
      --environment) ENVIRONMENT="$2" ;;
      --stack-name) STACK="$2" ;;
      --stream-shard-count) PARAMETERS+=("StreamShardCount=$2") ;;
      --lambda-memory-size) PARAMETERS+=("LambdaMemorySize=$2") ;;
      --data-retention-days) PARAMETERS+=("DataRetentionDays=$2") ;;
      --asset-bucket) BUCKET="$2" ;;
      --asset-prefix) PREFIX="$2" ;;
      --template) TEMPLATE="$2" ;;
      *) wrong_usage "$1: unknown" ;;
    esac
    shift 2
  done
  check_environment "$ENVIRONMENT"
  STACK="${STACK:-clickstream-$ENVIRONMENT}"
}

publish() {
  command -v make >/dev/null || fail "make is missing; or publish elsewhere and use --no-publish"
  make --no-print-directory -C "$ROOT" publish BUCKET="$BUCKET" PREFIX="$PREFIX"
}

check_stack() {
  local status
  status="$(status_of "$STACK")"
  case "$status" in
    "" | REVIEW_IN_PROGRESS) ;;
    ROLLBACK_COMPLETE) fail "stack $STACK could not be created and is still there: scripts/destroy.sh --stack-name $STACK" ;;
    *_IN_PROGRESS) fail "stack $STACK is $status: wait until that ends" ;;
    *) check_door "$STACK" && check_same_environment ;;
  esac
}

# Another environment has other names, so everything would be replaced, and of dev the data deleted.
check_same_environment() {
  local deployed
  deployed="$(aws cloudformation describe-stacks --stack-name "$STACK" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Environment'].ParameterValue")"
  [[ "$deployed" == "$ENVIRONMENT" ]] || fail "stack $STACK is $deployed: deploy $ENVIRONMENT under another --stack-name"
}

deploy() {
  say "deploying $STACK, which takes a few minutes"
  aws cloudformation deploy --stack-name "$STACK" --template-file "$TEMPLATE" --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset --parameter-overrides "Environment=$ENVIRONMENT" "AssetBucket=$BUCKET" \
    "AssetPrefix=$PREFIX" ${PARAMETERS[@]+"${PARAMETERS[@]}"} || explain_failure
  if [[ "$ENVIRONMENT" != dev ]]; then
    aws cloudformation update-termination-protection --stack-name "$STACK" --enable-termination-protection >/dev/null
  fi
}

explain_failure() {
  aws cloudformation describe-stack-events --stack-name "$STACK" --output text --query \
    "StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp, LogicalResourceId, ResourceStatusReason]" >&2 || true
  fail "stack $STACK was not deployed: see above; the reasons of Clickstream are in the events of its nested stack"
}

print_outputs() {
  aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]' \
    --output text | sort
  say "send events: make send EVENTS=day.ndjson STACK=$STACK"
}

main() {
  read_arguments "$@"
  check_prerequisites
  check_stack
  if [[ "$IS_PUBLISHING" == yes ]]; then publish; fi
  [[ -f "$TEMPLATE" ]] || fail "$TEMPLATE is missing: run \`make template\`"
  deploy
  print_outputs
}

main "$@"
