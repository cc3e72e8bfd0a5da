#!/bin/sh
# Starts the deployed task once, follows its log, and exits with its exit code: docs/deploy.md.
#   deploy/run-task.sh dev|prod [--dry-run] [command and options instead of the task's own: run --full]
set -eu

program=run-task.sh
case ${1-} in
  dev | prod) environment=$1 ;;
  *)
    printf 'usage: %s dev|prod [--dry-run] [run --full ...]\n' "$program" >&2
    exit 2
    ;;
esac
shift
dry_run=no
if [ "${1-}" = --dry-run ]; then
  dry_run=yes
  shift
fi

cd "$(dirname "$0")/.."
. deploy/environment.sh
make_scratch
need aws "install the AWS command line"
read_environment "$environment"
check_account

# Prints the words as a JSON list.
json_list() {
  separator=
  for word; do
    printf '%s"%s"' "$separator" "$(printf '%s' "$word" | sed 's/\\/\\\\/g; s/"/\\"/g')"
    separator=,
  done
}

prefix=$(ask aws ecs describe-task-definition --task-definition "$TASK_FAMILY" \
  --query "taskDefinition.containerDefinitions[?name=='pardot-etl'] | [0].logConfiguration.options.\"awslogs-stream-prefix\"" \
  --output text) || die "no task definition $TASK_FAMILY ($(reason)): set it up first, docs/deploy-aws.md"
network="awsvpcConfiguration={subnets=[$SUBNET_IDS],securityGroups=[$SECURITY_GROUP_IDS],assignPublicIp=$ASSIGN_PUBLIC_IP}"
[ $# -eq 0 ] || set -- --overrides "{\"containerOverrides\":[{\"name\":\"pardot-etl\",\"command\":[$(json_list "$@")]}]}"
set -- ecs run-task --cluster "$ECS_CLUSTER" --task-definition "$TASK_FAMILY" --launch-type FARGATE --count 1 \
  --network-configuration "$network" "$@" --query '[tasks[0].taskArn, failures[0].reason]' --output text
show aws "$@"
[ "$dry_run" = no ] || exit 0
started=$(ask aws "$@") || die "the task could not be started: $(reason)"
# The output is one line: the started task, and the reason if none was started.
task=$(printf '%s\n' "$started" | cut -f 1)
[ "$task" != None ] || die "the task could not be started: $(printf '%s\n' "$started" | cut -f 2)"
stream=$prefix/pardot-etl/${task##*/}
say "started $task; its log is $stream in $LOG_GROUP"
stop="aws ecs stop-task --region $AWS_REGION --cluster $ECS_CLUSTER --task $task"
trap 'say "the task continues; to stop it: $stop"; exit 130' INT TERM HUP

# Prints the log since the last call.
token=
print_log() {
  while :; do
    if ! ask aws logs get-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$stream" --start-from-head \
      ${token:+--next-token "$token"} --query '[[nextForwardToken], events[].[message]]' --output text >"$scratch/page"; then
      case $(reason) in
        # Nothing has been written yet.
        *ResourceNotFoundException*) return 0 ;;
        *) die "cannot read the log ($(reason)); the task continues; to stop it: $stop" ;;
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
  state=$(ask aws ecs describe-tasks --cluster "$ECS_CLUSTER" --tasks "$task" --output text \
    --query "tasks[0].[lastStatus, containers[?name=='pardot-etl'] | [0].exitCode, stoppedReason]") ||
    die "cannot describe the task ($(reason)); it continues; to stop it: $stop"
  print_log
  case $state in
    STOPPED*) break ;;
    # It takes ECS a moment to know a task that it has just started.
    None*) unseen=$((unseen + 1)) ;;
    *) unseen=0 ;;
  esac
  [ "$unseen" -lt 12 ] || die "ECS has not known the task for a minute; to stop it: $stop"
  sleep 5
done
# The last lines arrive a moment after the end.
sleep 5
print_log
code=$(printf '%s\n' "$state" | cut -f 2)
why=$(printf '%s\n' "$state" | cut -f 3-)
[ "$code" != None ] || die "the task ended before the container ran: $why"
say "exit code $code ($why)"
exit "$code"
