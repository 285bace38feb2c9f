#!/usr/bin/env bash
# Delete a deployed clickstream lake, wait, and say what is left.
#
#   scripts/destroy.sh [--environment dev|staging|production] [--stack-name NAME] [--yes] [--force-production]
#
# Of dev the data go with it. Staging and production keep theirs: the stack is deleted, while its stream, tables,
# buckets, secret and logs stay and are listed. Production is refused unless --force-production is given.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ENVIRONMENT=
STACK=
IS_SURE=no
IS_FORCED=no
BUCKETS=()

read_arguments() {
  while (($# > 0)); do
    case "$1" in
      --help) show_help && exit 0 ;;
      --yes) IS_SURE=yes && shift && continue ;;
      --force-production) IS_FORCED=yes && shift && continue ;;
    esac
    (($# > 1)) || wrong_usage "$1: unknown, or its value is missing"
    case "$1" in
      --environment) ENVIRONMENT="$2" ;;
      --stack-name) STACK="$2" ;;
      *) wrong_usage "$1: unknown" ;;
    esac
    shift 2
  done
  if [[ -n "$ENVIRONMENT" ]]; then check_environment "$ENVIRONMENT"; fi
  STACK="${STACK:-clickstream-${ENVIRONMENT:-dev}}"
}

# The stack itself says which environment it is; a stack that was never finished says nothing.
check_environment_of_stack() {
  local deployed
  deployed="$(aws cloudformation describe-stacks --stack-name "$STACK" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Environment'].ParameterValue")"
  deployed="${deployed//None/}"
  [[ -n "$deployed" ]] || fail "stack $STACK has no parameter Environment, so it is not of the published template"
  [[ "$deployed" == "${ENVIRONMENT:-$deployed}" ]] || fail "stack $STACK is $deployed, not $ENVIRONMENT"
  ENVIRONMENT="$deployed"
  if [[ "$ENVIRONMENT" == production && "$IS_FORCED" == no ]]; then
    fail "stack $STACK is production: name --force-production if that is meant"
  fi
}

confirm() {
  [[ "$IS_SURE" == yes ]] && return
  [[ -t 0 ]] || fail "name --yes to delete $STACK without being asked"
  local answer
  read -r -p "Delete stack $STACK ($ENVIRONMENT) in account $ACCOUNT, $REGION? Type its name: " answer
  [[ "$answer" == "$STACK" ]] || fail "nothing was deleted"
}

# Buckets have names of CloudFormation's own, so they are noted while the nested stack can still tell them.
note_buckets() {
  local nested
  nested="$(aws cloudformation describe-stack-resource --stack-name "$STACK" --logical-resource-id "$STACK_ID_IN_TEMPLATE" \
    --query StackResourceDetail.PhysicalResourceId --output text 2>/dev/null)" || return 0
  read -r -a BUCKETS < <(aws cloudformation list-stack-resources --stack-name "$nested" --output text \
    --query "StackResourceSummaries[?ResourceType=='AWS::S3::Bucket' && ResourceStatus!='DELETE_COMPLETE'].PhysicalResourceId") || true
}

# CloudFormation deletes no bucket that holds objects. Of dev, a function of the stack empties them as well, but not
# what arrives while the stack is being deleted; a second run ends that.
empty_buckets() {
  local bucket
  for bucket in ${BUCKETS[@]+"${BUCKETS[@]}"}; do
    say "emptying $bucket"
    aws s3 rm "s3://$bucket" --recursive --only-show-errors
  done
}

# Nor a group of models in SageMaker's registry that has any. Stacks without `serving` have none.
remove_models() {
  local model
  for model in $(aws sagemaker list-model-packages --model-package-group-name "clickstream-$ENVIRONMENT-sessions" \
    --query 'ModelPackageSummaryList[].ModelPackageArn' --output text 2>/dev/null); do
    say "removing $model"
    aws sagemaker delete-model-package --model-package-name "$model"
  done
}

is_protected() {
  [[ "$(aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].EnableTerminationProtection' \
    --output text)" == True ]]
}

delete_stack() {
  if is_protected; then
    aws cloudformation update-termination-protection --stack-name "$STACK" --no-enable-termination-protection >/dev/null
  fi
  say "deleting $STACK, which takes a few minutes"
  aws cloudformation delete-stack --stack-name "$STACK"
  aws cloudformation wait stack-delete-complete --stack-name "$STACK" ||
    fail "stack $STACK was not deleted: \`aws cloudformation describe-stack-events --stack-name $STACK\`, then again"
}

# Names of what belongs to the environment and is there, one a line.
left_over() {
  local prefix="clickstream-$ENVIRONMENT"
  {
    aws kinesis list-streams --query 'StreamNames' --output text
    aws dynamodb list-tables --query 'TableNames' --output text
    aws lambda list-functions --query 'Functions[].FunctionName' --output text
    aws logs describe-log-groups --log-group-name-prefix "/aws/lambda/$prefix-" --query 'logGroups[].logGroupName' --output text
  } | tr '\t' '\n' | grep -E "^(/aws/lambda/)?$prefix-" || true
  local bucket
  for bucket in ${BUCKETS[@]+"${BUCKETS[@]}"}; do
    if aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1; then say "$bucket"; fi
  done
}

verify() {
  local left
  left="$(left_over)"
  if [[ -z "$left" ]]; then
    say "nothing is left"
  elif [[ "$ENVIRONMENT" == dev ]]; then
    say "$left"
    fail "that is left of $STACK: delete it by hand, or run this again"
  else
    say "kept, with its data:" "$left"
  fi
}

main() {
  read_arguments "$@"
  check_prerequisites
  [[ -n "$(status_of "$STACK")" ]] || fail "there is no stack $STACK in account $ACCOUNT, $REGION"
  check_environment_of_stack
  confirm
  note_buckets
  if [[ "$ENVIRONMENT" == dev ]]; then empty_buckets && remove_models; fi
  delete_stack
  verify
}

main "$@"
