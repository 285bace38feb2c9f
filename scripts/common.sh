# Shared by deploy.sh and destroy.sh: words to say, what a person may pass, and what must be there first.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck disable=SC2034  # deploy.sh uses it
TEMPLATE="$ROOT/out/cloudformation/cloudformation.yaml"
ENVIRONMENTS="dev staging production"
STACK_ID_IN_TEMPLATE="Clickstream"

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

wrong_usage() {
  printf '%s: %s; see --help\n' "$(basename "$0")" "$*" >&2
  exit 2
}

# The text between `#` lines at the top of the calling script is its help.
show_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

check_environment() {
  case " $ENVIRONMENTS " in
    *" $1 "*) ;;
    *) wrong_usage "--environment $1: one of ${ENVIRONMENTS// /, } is needed" ;;
  esac
}

check_prerequisites() {
  command -v aws >/dev/null || fail "the AWS command line is missing: install it, for example with \`pipx install awscli\`"
  local version
  version="$(aws --version 2>&1)" || fail "\`aws --version\` failed: $version"
  [[ "$version" =~ aws-cli/([0-9]+)\.([0-9]+) ]] || fail "\`aws --version\` says $version: no version of the AWS command line"
  # 1.18 is the first whose `cloudformation deploy` ends with 0 when there is nothing to change.
  if ((BASH_REMATCH[1] < 1 || (BASH_REMATCH[1] == 1 && BASH_REMATCH[2] < 18))); then
    fail "$version is too old: 1.18 or newer is needed"
  fi
  REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}"
  [[ -n "$REGION" ]] || fail "no region: set AWS_DEFAULT_REGION"
  # Version 1 of the command line reads only this name.
  export AWS_DEFAULT_REGION="$REGION"
  ACCOUNT="$(aws sts get-caller-identity --query Account --output text)" || fail "no valid credentials: see \`aws configure\`"
  say "account $ACCOUNT, region $REGION, ${version%% *}${AWS_ENDPOINT_URL:+, endpoint $AWS_ENDPOINT_URL}"
}

# Status of a stack, or nothing if there is none; every other error is shown and ends the script.
status_of() {
  local answer
  if answer="$(aws cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text 2>&1)"; then
    [[ "$answer" == DELETE_COMPLETE ]] || printf '%s\n' "$answer"
  elif [[ "$answer" != *"does not exist"* ]]; then
    fail "$answer"
  fi
}

# A stack of the CDK holds its resources itself: the published template would replace every one of them.
check_door() {
  aws cloudformation describe-stack-resource --stack-name "$1" --logical-resource-id "$STACK_ID_IN_TEMPLATE" \
    --output text >/dev/null 2>&1 ||
    fail "stack $1 was not made from the published template: use what made it, or another --stack-name"
}
