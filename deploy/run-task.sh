#!/bin/sh
# Starts the deployed task once, follows its log, and exits with its exit code: docs/deploy.md.
set -eu

program=run-task.sh
usage='ENVIRONMENT [--unit NAME] [--task-definition REVISION] [--dry-run] [COMMAND ...]
       run-task.sh ENVIRONMENT units

  ENVIRONMENT  its settings are in deploy/ENVIRONMENT.env
  COMMAND ...  command and options instead of the task'\''s own: run --full
  units        list the business units, if there are several
  --unit NAME  run it for this business unit
  --task-definition REVISION
               run this revision of the task instead of the newest
  --dry-run    print the command that starts it
'
misused() {
  printf '%s: %s\nusage: %s %s' "$program" "$1" "$program" "$usage" >&2
  exit 2
}
case ${1-} in
  -h | --help)
    printf 'usage: %s %s' "$program" "$usage"
    exit 0
    ;;
  '' | *[!A-Za-z0-9_-]* | -*) misused "the first word is the environment: prod for deploy/prod.env" ;;
esac
environment=$1
shift
cd "$(dirname "$0")/.."
[ -r "deploy/$environment.env" ] || misused "deploy/$environment.env does not exist"
dry_run=no unit='' revision=''
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --unit | --task-definition)
      [ $# -gt 1 ] || misused "$1 needs a value"
      if [ "$1" = --unit ]; then unit=$2; else revision=$2; fi
      shift
      ;;
    --) shift && break ;;
    -*) misused "unknown option $1" ;;
    *) break ;;
  esac
  shift
done
case $unit in *[!A-Za-z0-9_.-]*) misused "$unit is no name of a business unit" ;; esac

. deploy/environment.sh
make_scratch
need aws "install the AWS command line"
[ -z "$unit" ] || need node "install Node 20 or later"
read_environment "$environment"
check_account

units=/$TASK_FAMILY/units
if [ "${1-}" = units ]; then
  names=$(ask aws ssm get-parameters-by-path --path "$units" --query 'Parameters[].[Name]' --output text) ||
    die "cannot list the units below $units: $(reason)"
  case $names in
    '' | None) say "$environment has no units: its task is for one business unit" ;;
    *) printf '%s\n' "$names" | sed 's,.*/,,' ;;
  esac
  exit 0
fi

# Prints the words as a JSON list.
json_list() {
  separator=
  for word; do
    printf '%s"%s"' "$separator" "$(printf '%s' "$word" | sed 's/\\/\\\\/g; s/"/\\"/g')"
    separator=,
  done
}

prefix=$(ask aws ecs describe-task-definition --task-definition "${revision:-$TASK_FAMILY}" \
  --query "taskDefinition.containerDefinitions[?name=='pardot-etl'] | [0].logConfiguration.options.\"awslogs-stream-prefix\"" \
  --output text) || die "no task definition ${revision:-$TASK_FAMILY} ($(reason)): set it up first, docs/deploy-aws.md"
network="awsvpcConfiguration={subnets=[$SUBNET_IDS],securityGroups=[$SECURITY_GROUP_IDS],assignPublicIp=$ASSIGN_PUBLIC_IP}"
if [ -n "$unit" ]; then
  ask aws ssm get-parameter --name "$units/$unit" --query Parameter.Value --output text >"$scratch/unit" ||
    die "no settings of the unit $unit ($(reason)): deploy/run-task.sh $environment units lists the units"
  overrides=$(ask node deploy/unit-overrides.mjs "$@" <"$scratch/unit") || die "$units/$unit: $(reason)"
  set -- --overrides "$overrides"
elif [ $# -gt 0 ]; then
  set -- --overrides "{\"containerOverrides\":[{\"name\":\"pardot-etl\",\"command\":[$(json_list "$@")]}]}"
fi
set -- ecs run-task --cluster "$ECS_CLUSTER" --task-definition "${revision:-$TASK_FAMILY}" --launch-type FARGATE --count 1 \
  --enable-ecs-managed-tags --propagate-tags TASK_DEFINITION --network-configuration "$network" "$@" \
  --query '[tasks[0].taskArn, failures[0].reason, failures[0].detail]' --output text
show aws "$@"
[ "$dry_run" = no ] || exit 0
started=$(ask aws "$@") || die "the task could not be started: $(reason)"
# The output is one line: the started task, and the reason if none was started, although the call itself went well.
task=$(printf '%s\n' "$started" | cut -f 1)
[ "$task" != None ] || die "the task could not be started: $(printf '%s\n' "$started" | cut -f 2- | sed 's/[[:space:]]None$//')"
stream=$prefix/pardot-etl/${task##*/}
say "started $task; its log is $stream in $LOG_GROUP"
outcome="the task continues; to stop it: aws ecs stop-task --region $AWS_REGION --cluster $ECS_CLUSTER --task $task"
trap 'say "$outcome"; exit 130' INT TERM HUP

# A lost connection, or a login that is renewed in another window, ends nothing. After five minutes without a good answer,
# or at once if it will not be permitted, it gives up.
failures=0
bear() {
  case $(reason) in *AccessDenied*) die "$1 ($(reason)); $outcome" ;; esac
  failures=$((failures + 1))
  [ "$failures" -lt 60 ] || die "$1 for five minutes ($(reason)); $outcome"
  [ "$failures" -gt 1 ] || say "$1 ($(reason)); trying again for five minutes"
}

# Prints the log since the last call. Fails if it could not be read.
token=
print_log() {
  while :; do
    if ! ask aws logs get-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$stream" --start-from-head \
      ${token:+--next-token "$token"} --query '[[nextForwardToken], events[].[message]]' --output text >"$scratch/page"; then
      case $(reason) in
        # Nothing has been written yet.
        *ResourceNotFoundException*) return 0 ;;
        *) bear "cannot read the log" && return 1 ;;
      esac
    fi
    sed 1d "$scratch/page"
    next=$(sed -n 1p "$scratch/page")
    # At the end of the log, AWS returns the same token.
    [ "$next" != "$token" ] || return 0
    token=$next
  done
}

unseen=0
while :; do
  if state=$(ask aws ecs describe-tasks --cluster "$ECS_CLUSTER" --tasks "$task" --output text \
    --query "tasks[0].[lastStatus, containers[?name=='pardot-etl'] | [0].exitCode, stoppedReason]"); then
    if print_log; then failures=0; fi
    case $state in
      STOPPED*) break ;;
      # It takes ECS a moment to know a task that it has just started.
      None*) unseen=$((unseen + 1)) ;;
      *) unseen=0 ;;
    esac
    [ "$unseen" -lt 12 ] || die "ECS has not known the task for a minute; $outcome"
  else
    bear "cannot describe the task"
  fi
  sleep 5
done
code=$(printf '%s\n' "$state" | cut -f 2)
why=$(printf '%s\n' "$state" | cut -f 3-)
outcome="the task ended with exit code $code ($why)"
# The last lines arrive a moment after the end.
sleep 5
until print_log; do sleep 5; done
[ "$code" != None ] || die "the task ended before the container ran: $why"
say "exit code $code ($why)"
exit "$code"
